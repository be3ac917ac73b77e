/**
 * Spans of requests that carry a secret.
 *
 * A tracer is given the exit of every span, and may keep or export it. That of the platform's own span, and of any span
 * that middleware opens around a request, holds the response, and with it the request as it was sent. Here the tracer in
 * use is wrapped for the time of the request: its spans are created by it as ever, with their names, parents, links,
 * kinds and attributes, and are its own objects; only what they are ended with, and the text of attributes, is replaced.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Tracer from "effect/Tracer"

/** What a tracer gets in place of what holds a secret. */
export interface View {
  readonly request: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
  readonly response: (response: HttpClientResponse.HttpClientResponse) => HttpClientResponse.HttpClientResponse
  readonly error: (error: HttpClientError.HttpClientError) => HttpClientError.HttpClientError
  readonly text: (text: string) => string
}

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  Predicate.hasProperty(value, HttpClientResponse.TypeId)

const isRequest = (value: unknown): value is HttpClientRequest.HttpClientRequest =>
  Predicate.hasProperty(value, HttpClientRequest.TypeId)

const viewedFailure = (failure: unknown, view: View): unknown =>
  HttpClientError.isHttpClientError(failure) ? view.error(failure) : failure

const viewedValue = (value: unknown, view: View): unknown =>
  isResponse(value) ? view.response(value) : isRequest(value) ? view.request(value) : value

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

/** A cause in which errors of the transport that became defects are replaced. */
export const viewedDefects = <E>(cause: Cause.Cause<E>, view: View): Cause.Cause<E> =>
  rebuilt(cause, identity, (defect) => viewedFailure(defect, view))

const viewedExit = (exit: Exit.Exit<unknown, unknown>, view: View): Exit.Exit<unknown, unknown> =>
  Exit.isSuccess(exit)
    ? Exit.succeed(viewedValue(exit.value, view))
    : Exit.failCause(
      rebuilt(exit.cause, (error) => viewedFailure(error, view), (defect) => viewedFailure(defect, view))
    )

const shownBy = (view: View) => (value: unknown): unknown => typeof value === "string" ? view.text(value) : value

/** The span itself, of which two methods are replaced; or, where it cannot be changed, one that stands for it. */
const guarded = (span: Tracer.Span, view: View): Tracer.Span => {
  const { attribute, end } = span
  const shown = shownBy(view)
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

/** Runs a request whose spans hold only what `view` makes of its response and its errors. */
export const guard = (view: View) => <A, E, R>(request: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => {
    if (!fiber.getFiberRef(FiberRef.currentTracerEnabled)) return request
    const tracer = fiber.currentTracer
    return Effect.withTracer(
      request,
      Tracer.make({
        span: (...options) => guarded(tracer.span(...options), view),
        context: (run, fiber) => tracer.context(run, fiber)
      })
    )
  })
