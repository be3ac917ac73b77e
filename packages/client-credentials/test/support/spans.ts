/**
 * A tracer that keeps all its inputs, as exporters and development tools do.
 */
import { inspect } from "node:util"

import type { Exit, Option } from "effect"
import { Effect, Layer, Tracer } from "effect"

/** The name that the platform gives to the span of a request. */
export const ofRequest = (method: string): string => `http.client ${method}`

export interface Ended {
  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly attributes: ReadonlyMap<string, unknown>
  readonly exit: Exit.Exit<unknown, unknown>
  /** The printed form of everything reachable from the exit and the attributes. */
  readonly text: string
}

export const make = (change: (span: Tracer.Span) => Tracer.Span = (span) => span) => {
  const ended: Array<Ended> = []
  let count = 0
  let steps = 0
  const tracer = Tracer.make({
    context: (execute) => {
      steps += 1
      return execute()
    },
    span: (name, parent, context, links, startTime, kind) => {
      count += 1
      const attributes = new Map<string, unknown>()
      return change({
        _tag: "Span",
        spanId: `span-${count}`,
        traceId: "trace",
        name,
        parent,
        context,
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

/** Sets the tracer of an effect. */
export const tracedBy = (tracer: Tracer.Tracer) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withTracer(effect, tracer)

/** Sets the tracer of a layer and of the effects that use it. */
export const layer: (tracer: Tracer.Tracer) => Layer.Layer<never> = Layer.setTracer

/** Returns a tracer that also passes the exit of each span to a listener. */
export const listening = (
  tracer: Tracer.Tracer,
  heard: (exit: Exit.Exit<unknown, unknown>) => void
): Tracer.Tracer =>
  Tracer.make({
    context: (run, fiber) => tracer.context(run, fiber),
    span: (...options) => {
      const span = tracer.span(...options)
      const { end } = span
      return Object.assign(span, {
        end: (time: bigint, exit: Exit.Exit<unknown, unknown>) => {
          heard(exit)
          end.call(span, time, exit)
        }
      })
    }
  })
