/**
 * Converts a `Request` of the Fetch standard to a request of the platform, and a response of the platform to a `Response`.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

import type { OAuthError } from "../../OAuthError.js"
import { transports, WithoutRedirects } from "../http/apiCall.js"
import * as body from "../http/body.js"
import { factsOf } from "../http/transportResponse.js"
import * as redirects from "../protocol/redirects.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as streams from "../seam/streams.js"
import * as tracing from "../seam/tracing.js"

type WebRequest = globalThis.Request
type Request = HttpClientRequest.HttpClientRequest
type PlatformResponse = HttpClientResponse.HttpClientResponse

/** Registers a function that ends a body with an error when the client is closed. Returns a function that removes it. */
export type OnClose = (end: (error: Error) => void) => () => void

/** Arguments of `fetch`. */
export interface Call {
  /** URL as written by the caller, possibly relative, since only `ApiClient` validates paths. */
  readonly url: string
  readonly web: WebRequest
  /** Options for `fetch` other than those of the request, such as `cache`, `credentials`, `keepalive`, `next` and `cf`. */
  readonly options: RequestInit
}

// A `Request` accepts absolute URLs only; this one replaces a relative URL, which `Call.url` keeps as written.
const placeholder = "https://api.invalid"

/**
 * Returns the problem of options that protect the caller or select the connection, and that cannot be passed to a transport
 * for one call. Ignoring them would leave the caller unprotected.
 */
const unsupported = (init: RequestInit | null | undefined, web: WebRequest): string | undefined => {
  if (typeof web.integrity === "string" && web.integrity !== "") {
    return "`integrity` is not supported: compare the digest of the body after reading it"
  }
  if (web.mode === "same-origin") {
    return "`mode: \"same-origin\"` is not supported: the token goes to `apiOrigins` only, and `redirect: \"error\"` " +
      "rejects redirects"
  }
  if (typeof init === "object" && init !== null && ("dispatcher" in init || "agent" in init)) {
    return "`dispatcher` and `agent` are not supported for one call: the `HttpClient` of the layer opens the connections"
  }
  return undefined
}

/** Members of the options that are read here and not passed on. */
const ownOptions = new Set(["method", "headers", "body", "signal", "redirect", "integrity", "duplex", "window"])

/** Members of a `Request` that are passed on if they differ from the defaults. */
const requestOptions = ["cache", "credentials", "keepalive", "mode", "referrer", "referrerPolicy", "cf", "next"]

const memberOf = (value: object, name: string): unknown => {
  try {
    return name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined
  } catch {
    // Workers have accessors that throw.
    return undefined
  }
}

const passedOn = (input: string | URL | WebRequest, init: RequestInit | null | undefined): RequestInit => {
  const usual = typeof input === "string" || input instanceof URL ? undefined : new globalThis.Request(placeholder)
  const ofRequest = usual === undefined ? [] : requestOptions.flatMap((name) => {
    const value = memberOf(input as WebRequest, name)
    // The navigation of a page cannot be repeated.
    return value === undefined || value === "navigate" || value === memberOf(usual, name) ? [] : [[name, value]]
  })
  const ofInit = Object.entries(init ?? {}).filter(([name]) => !ownOptions.has(name))
  return Object.fromEntries([...ofRequest, ...ofInit])
}

/** Reads the arguments of `fetch`. Throws a `TypeError`, as `fetch` does, if they are invalid or not supported. */
export const call = (input: string | URL | WebRequest, init?: RequestInit | null): Call => {
  const text = typeof input === "string" ? input : input instanceof URL ? input.href : undefined
  const web = new globalThis.Request(
    text === undefined ? input : URL.canParse(text) ? text : placeholder,
    init ?? undefined
  )
  const problem = unsupported(init, web)
  if (problem !== undefined) throw new TypeError(`fetch: ${problem}. Nothing was sent.`)
  return { url: text ?? web.url, web, options: passedOn(input, init) }
}

/** Converts a call to a request. Reads the body into memory, so that it can be sent again; the effect fails as that does. */
export const toRequest = ({ url, web }: Call): Effect.Effect<Request, unknown> => {
  const headers = Object.fromEntries(web.headers)
  const request = HttpClientRequest.make(web.method as HttpMethod)(url, { headers })
  if (web.body === null) return Effect.succeed(request)
  return Effect.map(
    Effect.tryPromise({ try: () => web.arrayBuffer(), catch: (error) => error }),
    (bytes) =>
      HttpClientRequest.setBody(
        request,
        // Bytes without a stated type are sent without one.
        HttpBody.raw(new Uint8Array(bytes), { contentType: headers["content-type"], contentLength: bytes.byteLength })
      )
  )
}

// Fetch standard, section 2.2.6.
const bodiless = new Set([204, 205, 304])

const headersOf = ({ cookies, headers }: PlatformResponse): globalThis.Headers => {
  const web = new globalThis.Headers(headers)
  // The platform keeps one value for each name, which the expiry dates in cookies make unreadable.
  const lines = Cookies.toSetCookieHeaders(cookies)
  if (lines.length > 0) web.delete("set-cookie")
  for (const line of lines) web.append("set-cookie", line)
  return web
}

type Bytes = Uint8Array<ArrayBuffer>

/** Reads a body piece by piece, without a second `ReadableStream`, which costs as much as the rest of a short call. */
const reader = (bytes: Stream.Stream<Uint8Array, unknown>) => {
  const scope = Effect.runSync(Scope.make())
  const interrupted = new AbortController()
  let opened: Effect.Effect<ReadonlyArray<Uint8Array>, unknown> | undefined
  const open = Effect.flatMap(streams.pull(bytes, scope), (next) => opened = next)
  const next = () => Effect.runPromiseExit(opened ?? open, { signal: interrupted.signal })
  // A source that rejects its cancellation does not fail the call: its caller has ended it.
  const close = () => Effect.runPromiseExit(Scope.close(scope, Exit.void))
  return {
    /** Returns the next pieces; none at the end. */
    read: async (): Promise<ReadonlyArray<Uint8Array>> => {
      const exit = await next()
      if (Exit.isSuccess(exit) && exit.value.length > 0) return exit.value
      await close()
      if (Exit.isSuccess(exit)) return exit.value
      throw Cause.squash(exit.cause)
    },
    /** Closes the connection: that of a body that was never read is open until a read begins and is interrupted. */
    cancel: async (): Promise<void> => {
      const first = opened === undefined ? next() : undefined
      interrupted.abort()
      await first
      await close()
    }
  }
}

/**
 * Returns the body as a stream like that of `fetch`: nothing is read before the caller reads, and when the signal aborts,
 * reading rejects with its reason and the connection is closed (Fetch standard, "abort the fetch() call"). The `Request` is
 * kept while there is data to read: its signal follows the caller's only while the `Request` is reachable.
 */
const readable = (
  bytes: Stream.Stream<Uint8Array, unknown>,
  web: WebRequest,
  onClose: OnClose
): ReadableStream<Bytes> => {
  const { cancel, read } = reader(bytes)
  let onAbort: (() => void) | undefined
  let unregister: (() => void) | undefined
  const settle = () => {
    unregister?.()
    if (onAbort !== undefined) web.signal.removeEventListener("abort", onAbort)
  }
  const stop = () => {
    settle()
    return cancel()
  }
  return new ReadableStream<Bytes>({
    start: (controller) => {
      onAbort = () => {
        controller.error(web.signal.reason)
        void stop()
      }
      if (web.signal.aborted) onAbort()
      else web.signal.addEventListener("abort", onAbort, { once: true })
    },
    pull: async (controller) => {
      // From the first read on: a response that is not read is not kept.
      unregister ??= onClose((error) => {
        controller.error(error)
        void stop()
      })
      try {
        const pieces = await read()
        if (web.signal.aborted) return
        for (const piece of pieces) controller.enqueue(piece as Bytes)
        if (pieces.length > 0) return
        settle()
        controller.close()
      } catch (error) {
        settle()
        if (!web.signal.aborted) controller.error(error)
      }
    },
    cancel: stop
  }, { highWaterMark: 0 })
}

/** A response and the request that led to it. */
interface Received {
  readonly response: PlatformResponse
  /** URL of the last request. */
  readonly url: string
  readonly isRedirected: boolean
}

interface Description {
  readonly url: string
  readonly status: number
  readonly statusText: string
  readonly redirected: boolean
}

const descriptionOf = ({ isRedirected, response, url }: Received): Description => {
  const { redirectedTo, statusText } = factsOf(response)
  return {
    url: (redirectedTo ?? url).replace(/#.*$/, ""),
    status: response.status,
    statusText,
    redirected: isRedirected || redirectedTo !== undefined
  }
}

/** Sets properties that the constructor of `Response` cannot set, also in clones. */
const described = (response: Response, description: Description): Response => {
  const { redirected, status, statusText, url } = description
  return Object.defineProperties(response, {
    type: { value: "basic" },
    url: { value: url },
    redirected: { value: redirected },
    statusText: { value: statusText },
    ...(status === response.status ? {} : { status: { value: status }, ok: { value: false } }),
    clone: { value: () => described(Response.prototype.clone.call(response), description) }
  })
}

const failure = (response: PlatformResponse, description: string) =>
  Effect.zipRight(
    body.discard(response),
    Effect.fail(httpErrors.ofResponse(response, "StatusCode", { description }))
  )

const toResponse = (
  received: Received,
  web: WebRequest,
  onClose: OnClose
): Effect.Effect<Response, httpErrors.ResponseError> =>
  Effect.suspend(() => {
    const { response } = received
    const { request, status } = response
    // A browser returns a redirect without its status: an opaque response with status 0.
    if (web.redirect === "error" && (redirects.isRedirect(status) || status === 0)) {
      return failure(
        response,
        "it is a redirect, and the call was made with `redirect: \"error\"`. It was not followed"
      )
    }
    if (status !== 0 && status < 200) return failure(response, "a `Response` cannot have this status")
    const hasBody = !bodiless.has(status) && request.method !== "HEAD" && status !== 0
    const content = hasBody
      ? Effect.map(body.decoded(response), (bytes) => readable(bytes, web, onClose))
      : Effect.succeed(null)
    return Effect.map(content, (content) =>
      described(
        new Response(content, { status: status === 0 || status > 599 ? 200 : status, headers: headersOf(response) }),
        descriptionOf(received)
      ))
  })

type Failure = httpErrors.HttpError | OAuthError

type Client = HttpClient.HttpClient.With<Failure>

/** A response to a request that follows a redirect. */
interface Next {
  readonly response: PlatformResponse
  /** True if the request was sent without a token, as are all requests that follow it. */
  readonly isElsewhere: boolean
}

/** Sends the request that follows a redirect: with the token to allowed URLs, without authorization to others. */
const sendNext = (api: Client, request: Request, isElsewhere: boolean): Effect.Effect<Next, Failure> => {
  const transport = transports.get(api)
  const elsewhere = (rejection: Effect.Effect<never, Failure>): Effect.Effect<Next, Failure> =>
    transport === undefined
      ? rejection
      : Effect.map(tracing.withoutIdleHeaders(transport.execute(request)), (response) => ({
        response,
        isElsewhere: true
      }))
  if (isElsewhere && transport !== undefined) return elsewhere(Effect.never)
  return Effect.map(api.execute(request), (response): Next => ({ response, isElsewhere: false })).pipe(
    Effect.catchTags({
      OriginNotAllowed: (error) => elsewhere(Effect.fail(error)),
      PathNotAllowed: (error) => elsewhere(Effect.fail(error))
    })
  )
}

/** Follows redirects. Each request has its own authorization. */
const follow = (
  api: Client,
  received: Received & { readonly isElsewhere: boolean },
  request: Request,
  count: number
): Effect.Effect<Received, Failure> => {
  const { isElsewhere, response, url } = received
  const { location } = response.headers
  const step = redirects.next({ url, method: request.method }, { status: response.status, location }, count)
  if (step._tag === "Last") return Effect.succeed(received)
  if (step._tag === "Problem") return failure(response, `${step.problem}. It was not followed`)
  const headers = Headers.remove(request.headers, step.without)
  const bare = HttpClientRequest.make(step.method as HttpMethod)(step.url, { headers })
  const next = step.keepsBody && request.body._tag !== "Empty" ? HttpClientRequest.setBody(bare, request.body) : bare
  return body.discard(response).pipe(
    Effect.zipRight(sendNext(api, next, isElsewhere)),
    Effect.flatMap((sent) => follow(api, { ...sent, url: step.url, isRedirected: true }, next, count + 1))
  )
}

/**
 * Returns whether this runtime is a browser. Browsers hide redirects, so they must follow them, and they remove the
 * authorization if a redirect leads to another origin. Other runtimes differ, so redirects are followed here.
 */
const isBrowser = (): boolean => typeof navigator === "object" && /^Mozilla\//.test(navigator.userAgent)

/** Makes the call as `fetch` does. */
export const send = (
  api: Client,
  { options, web }: Call,
  request: Request,
  onClose: OnClose
): Effect.Effect<Response, Failure> =>
  Effect.flatMap(Effect.serviceOption(FetchHttpClient.RequestInit), (configured) =>
    api.execute(request).pipe(
      Effect.flatMap((response) => {
        const received = { response, url: response.request.url, isRedirected: false, isElsewhere: false }
        return web.redirect === "follow" ? follow(api, received, request, 0) : Effect.succeed(received)
      }),
      Effect.flatMap((received) => toResponse(received, web, onClose)),
      Effect.provideService(WithoutRedirects, web.redirect !== "follow" || !isBrowser()),
      Effect.provideService(FetchHttpClient.RequestInit, { ...Option.getOrUndefined(configured), ...options })
    ))
