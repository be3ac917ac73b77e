/**
 * Spans and inspection of requests that carry a secret.
 *
 * A tracer receives the exit of every span, and may keep or export it. The exit of the platform's span, and of any span that
 * middleware opens around a request, contains the response and the request as it was sent. This module wraps the tracer in use
 * for the duration of the request. The tracer still creates its own span objects, with their names, parents, links, kinds and
 * attributes; only their exits and the values of attributes are replaced.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import type * as Scope from "effect/Scope"
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
  Cause.fromReasons(cause.reasons.map((reason) =>
    Cause.isFailReason(reason)
      ? Cause.makeFailReason(onFail(reason.error))
      : Cause.isDieReason(reason)
      ? Cause.makeDieReason(onDie(reason.defect))
      : reason
  ))

const viewedExit = (exit: Exit.Exit<unknown, unknown>, view: View): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) return Exit.succeed(view.value(exit.value))
  const viewed = (failure: unknown) => view.failure(failure)
  return Exit.failCause(rebuilt(exit.cause, viewed, viewed))
}

/** Returns the span with two methods replaced or, if it cannot be changed, a substitute. */
export const withMethods = (
  span: Tracer.Span,
  { attribute, end }: Pick<Tracer.Span, "attribute" | "end">
): Tracer.Span => {
  const methods = { attribute: { configurable: true, value: attribute }, end: { configurable: true, value: end } }
  try {
    return Object.defineProperties(span, methods)
  } catch {
    return Object.create(span, methods)
  }
}

const guarded = (span: Tracer.Span, view: View): Tracer.Span => {
  const { attribute, end } = span
  const shown = (value: unknown): unknown => typeof value === "string" ? view.text(value) : value
  return withMethods(span, {
    attribute: (key, value) => attribute.call(span, key, shown(value)),
    end: (time, exit) => end.call(span, time, viewedExit(exit, view))
  })
}

/** Tracer of a program that configures none. No exporter receives its spans, so they are not redacted. */
const native = Context.get(Context.empty(), Tracer.Tracer)

/**
 * Returns whether spans would not be collected: the program configured no tracer, and a request is not part of a trace that
 * it continues. Their trace headers would refer to a trace that does not exist.
 */
export const isIdle = (fiber: Running | undefined): boolean =>
  fiber?.getRef(Tracer.Tracer) === native && Context.getOrUndefined(fiber.context, Tracer.ParentSpan) === undefined

/** Sends requests without trace headers if their spans would not be collected. */
export const withoutIdleHeaders = <A, E, R>(requests: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber<A, E, R>((fiber) =>
    isIdle(fiber) ? Effect.provideService(requests, HttpClient.TracerPropagationEnabled, false) : requests
  )

/** Runs an effect in a span, unless the span would not be collected: requests within it would have trace headers. */
export const withSpan = (name: string, options: Tracer.SpanOptions) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.withFiber<A, E, R>((fiber) =>
    isIdle(fiber) ? effect : Effect.withSpan(effect, name, options) as Effect.Effect<A, E, R>
  )

/** Runs a request whose spans contain only the response and errors as returned by `view`. */
export const guard = <A, E, R>(fiber: Running, request: Effect.Effect<A, E, R>, view: View): Effect.Effect<A, E, R> => {
  const tracer = fiber.getRef(Tracer.Tracer)
  if (tracer === native) return request
  const { context } = tracer
  return Effect.withTracer(
    request,
    Tracer.make({
      span: (options) => guarded(tracer.span(options), view),
      ...(context === undefined ? {} : { context: (primitive, fiber) => context(primitive, fiber) })
    })
  )
}

/** Replaces errors that became defects, which the caller receives in addition to the spans. */
export const viewedDefects = <E>(cause: Cause.Cause<E>, view: View): Cause.Cause<E> =>
  rebuilt(cause, identity, (defect) => view.failure(defect))

/** Redacts headers that contain a secret for the whole program until the scope ends. Adds nothing if they are redacted. */
export const redactScoped: Effect.Effect<void, never, Scope.Scope> = Effect.withFiber((fiber) => {
  const names = fiber.getRef(Headers.CurrentRedactedNames)
  return redactedHeaders.added(names) === names
    ? Effect.void
    : Effect.updateServiceScoped(Headers.CurrentRedactedNames, redactedHeaders.added)
})

/** Returns the context with headers redacted that contain a secret. */
export const withRedaction = <R>(context: Context.Context<R>): Context.Context<R> => {
  const names = Context.get(context, Headers.CurrentRedactedNames)
  const all = redactedHeaders.added(names)
  return all === names ? context : Context.add(context, Headers.CurrentRedactedNames, all)
}

/** Redacts these headers for one call, which may be made outside the scope above. */
export const redact = <A, E, R>(fiber: Running, call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  withRedaction(fiber.context) === fiber.context
    ? call
    : Effect.updateContext(call, (context) => withRedaction(context))
