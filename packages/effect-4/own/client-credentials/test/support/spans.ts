/**
 * Tracer that keeps everything it receives, as exporters and development tools do. In Effect 4, it receives one object.
 */
import { inspect } from "node:util"

import type { Exit, Option } from "effect"
import { Effect, Layer, Tracer } from "effect"
import { HttpClient } from "effect/http"

/** The name that the platform gives to the span of a request. */
export const ofRequest = (method: string): string => method

export interface Ended {
  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly attributes: ReadonlyMap<string, unknown>
  readonly exit: Exit.Exit<unknown, unknown>
  /** All that can be reached from the exit and the attributes. */
  readonly text: string
}

export const make = (change: (span: Tracer.Span) => Tracer.Span = (span) => span) => {
  const ended: Array<Ended> = []
  let count = 0
  let steps = 0
  const tracer = Tracer.make({
    context: (primitive, fiber) => {
      steps += 1
      return primitive["~effect/Effect/evaluate"](fiber)
    },
    span: ({ annotations, kind, links, name, parent, startTime }) => {
      count += 1
      const attributes = new Map<string, unknown>()
      return change({
        _tag: "Span",
        spanId: `span-${count}`,
        traceId: "trace",
        name,
        parent,
        annotations,
        links,
        kind,
        attributes,
        sampled: true,
        status: { _tag: "Started", startTime },
        attribute: (key, value) => void attributes.set(key, value),
        event: () => undefined,
        addLinks: () => undefined,
        end: (_, exit) => {
          const text = [exit, attributes].map((value) =>
            `${inspect(value, { depth: Infinity, showHidden: true })}${JSON.stringify(value)}`
          ).join()
          ended.push({ name, parent, attributes, exit, text })
        }
      })
    }
  })
  return { ended, tracer, steps: () => steps }
}

/** Runs an effect with a tracer, whose spans receive everything that spans may receive. */
export const tracedBy = (tracer: Tracer.Tracer) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withTracer(effect, tracer).pipe(
    // In Effect 4, spans have no headers by default.
    Effect.provideService(HttpClient.TracerHeaderFilter, () => true)
  )

/** Returns a layer that provides a tracer to the layers and effects that use it. */
export const layer = (tracer: Tracer.Tracer): Layer.Layer<never> => Layer.succeed(Tracer.Tracer, tracer)

/** Returns a tracer that also passes the exits of spans to `heard`. */
export const listening = (
  tracer: Tracer.Tracer,
  heard: (exit: Exit.Exit<unknown, unknown>) => void
): Tracer.Tracer =>
  Tracer.make({
    ...tracer,
    span: (options) => {
      const span = tracer.span(options)
      const { end } = span
      return Object.assign(span, {
        end: (time: bigint, exit: Exit.Exit<unknown, unknown>) => {
          heard(exit)
          end.call(span, time, exit)
        }
      })
    }
  })
