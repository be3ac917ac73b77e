/**
 * Spans and inspection of requests that carry a secret.
 *
 * A tracer receives the exit of every span, and may keep or export it. The exit of the platform's span, and of any span that
 * middleware opens around a request, contains the response and the request as it was sent. This module wraps the tracer in use
 * for the duration of the request. The tracer still creates its own span objects, with their names, parents, links, kinds and
 * attributes; only their exits and the values of attributes are replaced.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"

import * as redactedHeaders from "../protocol/redactedHeaders.js"
import type { Running } from "./fiber.js"

/** Replacements for values that contain a secret, as a tracer receives them. */
export interface View {
  /** Replaces the success value of a request. */
  value(value: unknown): unknown
  /** Replaces the error or defect of a request. */
  failure<E>(failure: E): E
  text(text: string): string
}

const rebuilt = <E>(
  cause: Cause.Cause<E>,
  onFail: (error: E) => E,
  onDie: (defect: unknown) => unknown
): Cause.Cause<E> =>
  Cause.match(cause, {
    onEmpty: Cause.empty as Cause.Cause<E>,
    onFail: (error) => Cause.fail(onFail(error)),
    onDie: (defect) => Cause.die(onDie(defect)),
    onInterrupt: Cause.interrupt,
    onParallel: (left, right) => Cause.parallel(left, right),
    onSequential: (left, right) => Cause.sequential(left, right)
  })

const viewedExit = (exit: Exit.Exit<unknown, unknown>, view: View): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return Exit.succeed(view.value(exit.value))
  const viewed = (failure: unknown) => view.failure(failure)
  return Exit.failCause(rebuilt(exit.cause, viewed, viewed))
}

/** Returns the span with two methods replaced or, if it cannot be changed, a substitute. */
const guarded = (span: Tracer.Span, view: View): Tracer.Span => {
  const { attribute, end } = span
  const shown = (value: unknown): unknown => typeof value === "string" ? view.text(value) : value
  const methods = {
    attribute: { configurable: true, value: (key: string, value: unknown) => attribute.call(span, key, shown(value)) },
    end: {
      configurable: true,
      value: (time: bigint, exit: Exit.Exit<unknown, unknown>) => end.call(span, time, viewedExit(exit, view))
    }
  }
  try {
    return Object.defineProperties(span, methods)
  } catch {
    return Object.create(span, methods)
  }
}

/** Tracer of a program that configures none. No exporter receives its spans, so they are not redacted. */
const native = Context.get(DefaultServices.liveServices, Tracer.Tracer)

/**
 * Returns whether spans would not be collected: the program configured no tracer, and a request is not part of a trace that
 * it continues. Their trace headers would refer to a trace that does not exist.
 */
export const isIdle = (fiber: Running | undefined): boolean =>
  fiber?.currentTracer === native && fiber.currentSpan === undefined

/** Sends requests without trace headers if their spans would not be collected. */
export const withoutIdleHeaders = <A, E, R>(requests: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime<A, E, R>((fiber) =>
    isIdle(fiber) ? Effect.locally(requests, HttpClient.currentTracerPropagation, false) : requests
  )

/** Runs an effect in a span, unless the span would not be collected: requests within it would have trace headers. */
export const withSpan = (name: string, options: Tracer.SpanOptions) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.withFiberRuntime<A, E, R>((fiber) =>
    isIdle(fiber) ? effect : Effect.withSpan(effect, name, options) as Effect.Effect<A, E, R>
  )

/** Runs a request whose spans contain only the response and errors as returned by `view`. */
export const guard = <A, E, R>(fiber: Running, request: Effect.Effect<A, E, R>, view: View): Effect.Effect<A, E, R> => {
  const tracer = fiber.currentTracer
  if (tracer === native) return request
  return Effect.withTracer(
    request,
    Tracer.make({
      span: (...options) => guarded(tracer.span(...options), view),
      context: (run, fiber) => tracer.context(run, fiber)
    })
  )
}

/** Replaces errors that became defects, which the caller receives in addition to the spans. */
export const viewedDefects = <E>(cause: Cause.Cause<E>, view: View): Cause.Cause<E> =>
  rebuilt(cause, identity, (defect) => view.failure(defect))

/** Redacts headers that contain a secret for the whole program until the scope ends. Adds nothing if they are redacted. */
export const redactScoped: Effect.Effect<void, never, Scope.Scope> = Effect.withFiberRuntime((fiber) => {
  const names = fiber.getFiberRef(Headers.currentRedactedNames)
  const all = redactedHeaders.added(names)
  if (all === names) return Effect.void
  // Unlike `Effect.locallyScoped`, this holds no settings of the fiber.
  const restore = () => FiberRef.update(Headers.currentRedactedNames, (current) => current === all ? names : current)
  return Effect.flatMap(Effect.scope, (scope) =>
    Effect.zipRight(
      Scope.addFinalizerExit(scope, restore),
      FiberRef.set(Headers.currentRedactedNames, all)
    ))
})

/** Redacts headers that contain a secret for one call, which may be made outside the scope above. */
export const redact = <A, E, R>(fiber: Running, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const names = fiber.getFiberRef(Headers.currentRedactedNames)
  const all = redactedHeaders.added(names)
  return all === names ? call : Effect.locally(call, Headers.currentRedactedNames, all)
}
