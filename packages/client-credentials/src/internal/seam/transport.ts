/**
 * Observes the requests that an `HttpClient` sends, beneath all middleware that a program adds to its transport.
 *
 * Specific to Effect 3. `HttpClient.make`, on which every transport of the platform is built, evaluates the predicate
 * `HttpClient.currentTracerDisabledWhen` with the actual request immediately before it calls the transport. That is
 * beneath `retry`, `followRedirects`, `filterStatus` and services provided by `transformResponse`, so a predicate of this
 * module sees each request that is sent, once, and the services that the transport will see. A program may replace the
 * predicate (`HttpClient.withTracerDisabledWhen`) or switch tracing off nearer to the transport; a supervisor puts it
 * back before the next step of the fiber.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import { constTrue, constVoid, identity } from "effect/Function"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import * as Supervisor from "effect/Supervisor"
import * as Tracer from "effect/Tracer"

import type { Running } from "./fiber.js"
import * as tracing from "./tracing.js"

type Request = HttpClientRequest.HttpClientRequest

/** Result of a send, as the transport returns it. */
export type Result = Exit.Exit<HttpClientResponse.HttpClientResponse, unknown>

/** Returns the response of a result, if there is one. */
export const responseOf = (result: Result | undefined): HttpClientResponse.HttpClientResponse | undefined =>
  result !== undefined && Exit.isSuccess(result) ? result.value : undefined

/** Returns the complete URL of a request; undefined if it has none. */
export const urlOf = (request: Request): URL | undefined =>
  Option.getOrUndefined(Either.getRight(UrlParams.makeUrl(request.url, request.urlParams, request.hash)))

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
  Option.getOrUndefined(
    Cause.find(cause, (one) =>
      one._tag === "Die" && one.defect instanceof Rejected ? Option.some(one.defect) : Option.none())
  )

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

/** Predicate that passes requests to observers. */
interface Gate extends Predicate.Predicate<Request> {
  /** The predicate around this one: that of the program, or of an outer call. */
  readonly own: Predicate.Predicate<Request>
}

/** Effect 3 has this method on every fiber, but not in its type. */
const set = <A>(fiber: Running, ref: FiberRef.FiberRef<A>, value: A): void => {
  if (!("setFiberRef" in fiber) || typeof fiber.setFiberRef !== "function") return
  const { setFiberRef }: { readonly setFiberRef: (ref: FiberRef.FiberRef<A>, value: A) => void } = fiber as never
  setFiberRef.call(fiber, ref, value)
}

const get = <I, S>(context: Context.Context<never>, tag: Context.Tag<I, S>): S | undefined =>
  context.unsafeMap.get(tag.key)

/** Services that control redirects and retries of a request, for each transport, by their keys. */
const manual: ReadonlyArray<readonly [tag: Context.Tag<never, object>, options: object]> = [
  [Context.GenericTag(FetchHttpClient.RequestInit.key), { redirect: "manual" }],
  // `interceptors.redirect` and `interceptors.retry` of a dispatcher read these for each request.
  [Context.GenericTag("@effect/platform-node/NodeHttpClient/undiciOptions"), {
    maxRedirections: 0,
    retryOptions: { retry: (error: Error, _: unknown, end: (error: Error) => void) => end(error), statusCodes: [] }
  }]
]

/** Original options of the program, by their replacements. */
const replaced = new WeakMap<object, object>()

/** Returns the context with services that disable redirects and retries. */
const withoutRedirects = (context: Context.Context<never>): Context.Context<never> =>
  manual.reduce((context, [tag, options]) => {
    const found = get(context, tag) ?? {}
    const own = replaced.get(found) ?? found
    const changed = { ...own, ...options }
    replaced.set(changed, own)
    return Context.add(context, tag, changed)
  }, context)

/** Returns the context with the services that the program provided, for its own later requests. */
const restored = (context: Context.Context<never>): Context.Context<never> => {
  let result = context
  for (const [tag] of manual) {
    const found = get(context, tag)
    const own = found === undefined ? undefined : replaced.get(found)
    if (own !== undefined) result = Context.add(result, tag, own)
  }
  return result
}

const provide = (
  fiber: Running | undefined,
  change: (context: Context.Context<never>) => Context.Context<never>
): void => {
  if (fiber === undefined) return
  const context = fiber.currentContext
  const changed = change(context)
  if (changed !== context) set(fiber, FiberRef.currentContext, changed)
}

const isGate = (predicate: Predicate.Predicate<Request>): predicate is Gate => "own" in predicate

/** Decides about a request by an observer, and by the predicates around it. */
const isUntraced = (observer: Observer, request: Request, own: Predicate.Predicate<Request>): boolean => {
  const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
  const decision = observer.onSend(request)
  if (decision !== "manual") provide(fiber, restored)
  const isOther = decision === "other"
  // `own` may be the gate of an outer call.
  const isUntraced = (!isOther && !observer.isTraced) || own(request) || (!isOther && tracing.isIdle(fiber))
  // Last, since an outer call does not own this request.
  if (decision === "manual") provide(fiber, withoutRedirects)
  return isUntraced
}

const gate = (observer: Observer, own: Predicate.Predicate<Request>): Gate =>
  Object.assign((request: Request): boolean => isUntraced(observer, request, own), { own })

/** An observer in a fiber, and those around it. */
interface Active {
  readonly observer: Observer
  readonly outer: Active | undefined
}

/**
 * Current observers of a fiber. Mutable, because each change of a `FiberRef` copies all of the fiber. Fibers that it forks
 * inherit the observers of that moment.
 */
class Observing {
  constructor(readonly owner: FiberId.FiberId | undefined, public active: Active | undefined) {}
}

const observing = globalValue(
  "@effect-oauth/client-credentials/seam/observing",
  () =>
    FiberRef.unsafeMake<Observing | undefined>(undefined, {
      fork: (observers) => observers?.active === undefined ? undefined : new Observing(undefined, observers.active),
      join: identity
    })
)

/** Returns the observers of a fiber. It may also find those of another fiber, whose settings it has (`forks.asNow`). */
const activeIn = (fiber: Running | undefined): Active | undefined => {
  const found = fiber?.getFiberRef(observing)
  return found?.owner === undefined || found.owner === fiber?.id() ? found?.active : undefined
}

const isUntracedBy = (
  active: Active | undefined,
  request: Request,
  own: Predicate.Predicate<Request>
): boolean =>
  active === undefined
    ? own(request)
    : isUntraced(active.observer, request, (request) => isUntracedBy(active.outer, request, own))

/** Gates of the observers of each fiber, by the predicates that the program set. */
const sharedGates = new WeakMap<Predicate.Predicate<Request>, Predicate.Predicate<Request>>()

const isShared = (predicate: Predicate.Predicate<Request>): boolean =>
  isGate(predicate) && sharedGates.get(predicate.own) === predicate

/** Gate of the current observers of the fiber that sends. It remains in the fiber, where it has no effect without them. */
const sharedGate = (own: Predicate.Predicate<Request>): Predicate.Predicate<Request> => {
  const known = sharedGates.get(own)
  if (known !== undefined) return known
  const made = Object.assign((request: Request): boolean => {
    const fiber = Option.getOrUndefined(Fiber.getCurrentFiber())
    return isUntracedBy(activeIn(fiber), request, own)
  }, { own })
  sharedGates.set(own, made)
  return made
}

/** An observer, and the gate of an outer call in progress. */
interface Observed {
  readonly observer: Observer
  readonly outer: Gate | undefined
}

/** Current observer, for the case that the predicate was replaced. */
const current = globalValue(
  "@effect-oauth/client-credentials/seam/currentObserver",
  () => FiberRef.unsafeMake<Observed | undefined>(undefined)
)

/** Tracer that records nothing. Used where tracing is disabled, so that the predicate is still evaluated. */
const silent = Tracer.make({
  context: (f) => f(),
  span: (name, parent, context, links, startTime, kind) => ({
    _tag: "Span",
    name,
    spanId: "noop",
    traceId: "noop",
    parent,
    context,
    status: { _tag: "Started", startTime },
    attributes: new Map(),
    links,
    sampled: false,
    kind,
    end: constVoid,
    attribute: constVoid,
    event: constVoid,
    addLinks: constVoid
  })
})

const arm = (fiber: Running, { observer, outer }: Observed): void => {
  const isEnabled = fiber.getFiberRef(FiberRef.currentTracerEnabled)
  const predicate = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
  if (isEnabled && isGate(predicate)) return
  observer.onReplaced?.()
  if (!isEnabled) {
    const services = fiber.getFiberRef(DefaultServices.currentServices)
    set(fiber, DefaultServices.currentServices, Context.add(services, Tracer.Tracer, silent))
    set(fiber, FiberRef.currentTracerEnabled, true)
  }
  const own = isEnabled ? predicate : constTrue
  set(fiber, HttpClient.currentTracerDisabledWhen, gate(observer, outer === undefined ? own : Predicate.or(outer, own)))
}

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  Predicate.hasProperty(value, HttpClientResponse.TypeId)

const requestOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (Exit.isSuccess(exit)) return isResponse(exit.value) ? exit.value.request : undefined
  const error = exit.cause._tag === "Fail" ? exit.cause.error : undefined
  return Predicate.hasProperty(error, "request") ? error.request : undefined
}

class ObserverSupervisor extends Supervisor.AbstractSupervisor<void> {
  override readonly value = Effect.void
  override onEffect<A, E>(fiber: Fiber.RuntimeFiber<A, E>, effect: Effect.Effect<unknown, unknown, unknown>): void {
    const observed = fiber.getFiberRef(current)
    if (observed === undefined) return
    arm(fiber, observed)
    const { onResult } = observed.observer
    if (onResult === undefined || !Exit.isExit(effect)) return
    const request = requestOf(effect)
    if (request !== undefined) onResult(request as Request, effect as Result)
  }
}

const supervisor = new ObserverSupervisor()

const supervision = RuntimeFlagsPatch.enable(RuntimeFlags.OpSupervision)

/** Runs an effect that sends requests by an `HttpClient` under an observer. */
export const observed = <A, E, R>(effect: Effect.Effect<A, E, R>, observer: Observer): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => {
    const own = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
    return effect.pipe(
      Effect.ensuring(Effect.sync(() => observer.onEnd?.())),
      Effect.withRuntimeFlagsPatch(supervision),
      Effect.supervised(supervisor),
      // Changes of the fiber made meanwhile end here.
      Effect.locally(HttpClient.currentTracerDisabledWhen, gate(observer, own)),
      Effect.locally(FiberRef.currentContext, fiber.getFiberRef(FiberRef.currentContext)),
      Effect.locally(FiberRef.currentTracerEnabled, fiber.getFiberRef(FiberRef.currentTracerEnabled)),
      Effect.locally(DefaultServices.currentServices, fiber.getFiberRef(DefaultServices.currentServices)),
      Effect.locally(current, { observer, outer: isGate(own) ? own : undefined })
    )
  })

/**
 * Begins to observe the requests of a fiber, and of those that it forks, at little cost, for an `HttpClient` that does not
 * replace the predicate. No result is reported, and transports may follow redirects. Returns the function that ends it;
 * undefined where only `observed` observes requests. If the fiber is interrupted before, the observer also sees the requests
 * of finalizers.
 */
export const begin = (fiber: Running, observer: Observer): (() => void) | undefined => {
  if (!fiber.getFiberRef(FiberRef.currentTracerEnabled)) return undefined
  const own = fiber.getFiberRef(HttpClient.currentTracerDisabledWhen)
  if (!isShared(own)) set(fiber, HttpClient.currentTracerDisabledWhen, sharedGate(own))
  const id = fiber.id()
  const found = fiber.getFiberRef(observing)
  const observers = found?.owner === id ? found : new Observing(id, activeIn(fiber))
  if (observers !== found) set(fiber, observing, observers)
  const { active } = observers
  observers.active = { observer, outer: active }
  return () => {
    observers.active = active
  }
}
