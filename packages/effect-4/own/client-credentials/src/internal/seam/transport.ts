/**
 * Observes the requests that an `HttpClient` sends, beneath all middleware that a program adds to its transport.
 *
 * Specific to Effect 4. `HttpClient.make`, on which every transport of the platform is built, evaluates the predicate
 * `HttpClient.TracerDisabledWhen` with the actual request immediately before it calls the transport. That is beneath
 * `retry`, `followRedirects`, `filterStatus` and services provided by `transformResponse`, so a predicate of this module
 * sees each request that is sent, once, and the services that the transport will see. A program may replace the predicate
 * or switch it off nearer to the transport; a scheduler, which runs before each step of a fiber, restores it. The span of the
 * request ends with the result of the transport.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { constTrue, constVoid } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Url from "effect/http/Url"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as References from "effect/References"
import * as EffectResult from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import * as Tracer from "effect/Tracer"

import type { Running } from "./fiber.js"
import { isResponse } from "./responses.js"
import { isIdle, withMethods, withRedaction } from "./tracing.js"

type Request = HttpClientRequest.HttpClientRequest

/** Result of a send, as the transport returns it. */
export type Result = Exit.Exit<HttpClientResponse.HttpClientResponse, unknown>

/** Returns the response of a result, if there is one. */
export const responseOf = (result: Result | undefined): HttpClientResponse.HttpClientResponse | undefined =>
  result !== undefined && Exit.isSuccess(result) ? result.value : undefined

/** Returns the complete URL of a request; undefined if it has none. */
export const urlOf = (request: Request): URL | undefined =>
  Option.getOrUndefined(
    EffectResult.getSuccess(Url.make(request.url, request.urlParams, Option.getOrUndefined(request.hash)))
  )

/** Returns origin and path, by which URLs are compared and shown. */
export const shownUrl = (url: URL | undefined): string =>
  url === undefined ? "an invalid URL" : url.origin + url.pathname

/** Defect of a send that was rejected. It contains no part of the request. */
export class Rejected extends Error {
  override readonly name = "Rejected"
  constructor(readonly reason: "repeated" | "elsewhere", readonly target: string) {
    super(
      reason === "repeated"
        ? "The request was not sent a second time: the token endpoint decides about retries, not the HTTP client beneath."
        : "The request was not sent to another URL than the one it was made for."
    )
  }
}

/** Returns the rejection with which an effect ended, if any. */
export const rejectionIn = (cause: Cause.Cause<unknown>): Rejected | undefined =>
  cause.reasons.flatMap((one) => Cause.isDieReason(one) && one.defect instanceof Rejected ? [one.defect] : [])[0]

export interface Observer {
  /**
   * Runs before each send. `other`: a request of the program, which is not changed. `manual`: the transport must not follow a
   * redirect. `sent`: the request is sent as it is. An exception ends the send as a defect.
   */
  readonly onSend: (request: Request) => "manual" | "other" | "sent"
  /** Receives the result of each request that was sent. */
  readonly onResult?: ((request: Request, result: Result) => void) | undefined
  /** Runs when the observed effect has ended. Fibers that it forked may outlive it, and are observed further. */
  readonly onEnd?: (() => void) | undefined
  /** Runs where the program replaced the predicate nearer to the transport, or switched tracing off. */
  readonly onReplaced?: (() => void) | undefined
  /** True if the platform's span of the request is recorded, where the program traces requests (`tracing.isIdle`). */
  readonly isTraced: boolean
}

/** Predicate that passes requests to an observer. */
interface Gate extends Predicate.Predicate<Request> {
  readonly observer: Observer
}

/** Services that control redirects and retries of a request, for each transport. */
const manual: ReadonlyArray<readonly [reference: Context.Reference<object>, options: object]> = [
  [Context.Reference<object>(FetchHttpClient.RequestInit.key, { defaultValue: () => ({}) }), { redirect: "manual" }],
  // `interceptors.redirect` and `interceptors.retry` of a dispatcher read these for each request.
  [Context.Reference<object>("@effect/platform-node/NodeHttpClient/UndiciOptions", { defaultValue: () => ({}) }), {
    maxRedirections: 0,
    retryOptions: { retry: (error: Error, _: unknown, end: (error: Error) => void) => end(error), statusCodes: [] }
  }]
]

/** Original options of the program, by their replacements. */
const replaced = new WeakMap<object, object>()

/** Returns the context with services that disable redirects and retries. */
const withoutRedirects = (context: Context.Context<never>): Context.Context<never> =>
  manual.reduce((context, [reference, options]) => {
    const found = Context.get(context, reference)
    const own = replaced.get(found) ?? found
    const changed = { ...own, ...options }
    replaced.set(changed, own)
    return Context.add(context, reference, changed)
  }, context)

/** Returns the context with the services that the program provided, for its own later requests. */
const restored = (context: Context.Context<never>): Context.Context<never> => {
  let result = context
  for (const [reference] of manual) {
    const own = replaced.get(Context.get(context, reference))
    if (own !== undefined) result = Context.add(result, reference, own)
  }
  return result
}

const provide = (
  fiber: Running | undefined,
  change: (context: Context.Context<never>) => Context.Context<never>
): void => {
  if (fiber === undefined) return
  const { context } = fiber
  const changed = change(context)
  if (changed !== context) fiber.setContext(changed)
}

const isGate = (predicate: Predicate.Predicate<Request>): predicate is Gate => "observer" in predicate

/** Span that records nothing and passes its parent on to child spans. */
const silent = (options: Parameters<Tracer.Tracer["span"]>[0]): Tracer.Span => {
  const { spanId, traceId } = Option.getOrElse(options.parent, () => ({ spanId: "noop", traceId: "noop" }))
  return {
    ...options,
    _tag: "Span",
    spanId,
    traceId,
    status: { _tag: "Started", startTime: options.startTime },
    attributes: new Map(),
    sampled: false,
    end: constVoid,
    attribute: constVoid,
    event: constVoid,
    addLinks: constVoid
  }
}

const settings = (context: Context.Context<never>, values: {
  readonly tracer: Tracer.Tracer
  readonly isEnabled: boolean
  readonly propagates: boolean
}): Context.Context<never> =>
  context.pipe(
    Context.add(Tracer.Tracer, values.tracer),
    Context.add(References.TracerEnabled, values.isEnabled),
    Context.add(HttpClient.TracerPropagationEnabled, values.propagates)
  )

/** Settings that are restored in the next step of a fiber, when the span of its request has been created. */
const borrowed = new WeakMap<Running, (context: Context.Context<never>) => Context.Context<never>>()

const giveBack = (fiber: Running): void => {
  const restore = borrowed.get(fiber)
  if (restore === undefined) return
  borrowed.delete(fiber)
  fiber.setContext(restore(fiber.context))
}

/** Returns the span of a request, which reports the result of the transport. */
const reporting = (span: Tracer.Span, report: (result: Result) => void): Tracer.Span => {
  const { attribute, end } = span
  let hasResponse = false
  let failed: Exit.Exit<unknown, unknown> | undefined
  return withMethods(span, {
    attribute: (key, value) => {
      hasResponse ||= key === "http.response.status_code"
      attribute.call(span, key, value)
    },
    end: (time, exit) => {
      if (Exit.isFailure(exit) && hasResponse && failed === undefined) {
        // A status of 400 or more ends the span as a failure, before the response is returned.
        failed = exit
        return
      }
      if (Exit.isFailure(exit) || isResponse(exit.value)) report(exit as Result)
      end.call(span, time, failed ?? exit)
    }
  })
}

/** Reports the result of the request that the fiber is about to send, by the span of that request. */
const reportResult = (request: Request, isUntraced: boolean, onResult: NonNullable<Observer["onResult"]>): void => {
  const fiber = Fiber.getCurrent()
  if (fiber === undefined) return
  const before = {
    tracer: fiber.getRef(Tracer.Tracer),
    isEnabled: fiber.getRef(References.TracerEnabled),
    propagates: fiber.getRef(HttpClient.TracerPropagationEnabled)
  }
  const isSilent = isUntraced || !before.isEnabled
  const tracer = Tracer.make({
    ...before.tracer,
    span: (options) => {
      // The headers of the request are created in the same step.
      borrowed.set(fiber, (context) => settings(context, before))
      return reporting(
        isSilent ? silent(options) : before.tracer.span(options),
        (result) => onResult(request, result)
      )
    }
  })
  fiber.setContext(settings(fiber.context, {
    tracer,
    isEnabled: true,
    propagates: before.propagates && !isSilent
  }))
}

const gate = (observer: Observer, own: Predicate.Predicate<Request>): Gate => {
  const predicate = (request: Request): boolean => {
    const fiber = Fiber.getCurrent()
    const decision = observer.onSend(request)
    if (decision !== "manual") provide(fiber, restored)
    const isOther = decision === "other"
    // `own` may be the gate of an outer call.
    const isUntraced = (!isOther && !observer.isTraced) || own(request) || (!isOther && isIdle(fiber))
    // Last, since an outer call does not own this request.
    if (decision === "manual") provide(fiber, withoutRedirects)
    if (isOther || observer.onResult === undefined) return isUntraced
    reportResult(request, isUntraced, observer.onResult)
    return false
  }
  // `Object.assign` costs more than the rest.
  predicate.observer = observer
  return predicate
}

/** `outer`: the gate of an outer call in progress. */
const arm = (fiber: Running, observer: Observer, outer: Gate | undefined): void => {
  const isHidden = fiber.getRef(Tracer.DisablePropagation)
  const predicate = fiber.getRef(HttpClient.TracerDisabledWhen)
  if (!isHidden && isGate(predicate)) return
  observer.onReplaced?.()
  const own = isHidden ? constTrue : predicate
  fiber.setContext(fiber.context.pipe(
    Context.add(Tracer.DisablePropagation, false),
    Context.add(HttpClient.TracerDisabledWhen, gate(observer, outer === undefined ? own : Predicate.or(outer, own)))
  ))
}

/** Runs an effect that sends requests by an `HttpClient` under an observer. */
export const observed = <A, E, R>(effect: Effect.Effect<A, E, R>, observer: Observer): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const own = fiber.getRef(HttpClient.TracerDisabledWhen)
    const outer = isGate(own) ? own : undefined
    const scheduler = fiber.getRef(Scheduler.Scheduler)
    // Changes of the fiber made meanwhile end with these services.
    return Effect.provideContext(
      Effect.ensuring(effect, Effect.sync(() => observer.onEnd?.())),
      Context.make(HttpClient.TracerDisabledWhen, gate(observer, own)).pipe(
        Context.add(Scheduler.PreventSchedulerYield, false),
        Context.add(Scheduler.Scheduler, {
          executionMode: scheduler.executionMode,
          makeDispatcher: () => scheduler.makeDispatcher(),
          shouldYield: (fiber) => {
            giveBack(fiber)
            arm(fiber, observer, outer)
            return scheduler.shouldYield(fiber)
          }
        })
      )
    )
  })

/**
 * Begins to observe the requests of a fiber, and of those that it forks, at little cost, for an `HttpClient` that does not
 * replace the predicate. No result is reported, and transports may follow redirects. Returns the function that ends it;
 * undefined where only `observed` observes requests. If the fiber is interrupted before, the observer also sees the requests
 * of finalizers. Meanwhile, the fiber shows no value of the headers that contain a secret.
 */
export const begin = (fiber: Running, observer: Observer): (() => void) | undefined => {
  if (fiber.getRef(Tracer.DisablePropagation)) return undefined
  const { context } = fiber
  const own = fiber.getRef(HttpClient.TracerDisabledWhen)
  fiber.setContext(withRedaction(Context.add(context, HttpClient.TracerDisabledWhen, gate(observer, own))))
  return () => fiber.setContext(context)
}
