/**
 * Converts a `Request` of the Fetch standard to a request of the platform, and a response of the platform to a `Response`.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import * as httpErrors from "../seam/httpErrors.js"
import * as body from "./body.js"

/** The arguments of `fetch`. */
export interface Call {
  /** The URL as it was written; relative where the caller wrote it so, since only `ApiClient` judges paths. */
  readonly url: string
  readonly web: Request
}

// A `Request` takes absolute URLs only; this one stands in for a relative URL, which `Call.url` keeps as written.
const placeholder = "https://api.invalid"

/**
 * Returns the problem of options that protect the caller or choose the connection, and that cannot be passed to a transport
 * for one call. Ignoring them would leave the caller with a protection that does nothing.
 */
const unsupported = (init: RequestInit | undefined, web: Request): string | undefined => {
  if (typeof web.integrity === "string" && web.integrity !== "") {
    return "`integrity` is not supported: compare the digest of the body after reading it"
  }
  if (web.mode === "same-origin") {
    return "`mode: \"same-origin\"` is not supported: the token goes to `apiOrigins` only, and `redirect: \"error\"` " +
      "rejects redirects"
  }
  if (init !== undefined && ("dispatcher" in init || "agent" in init)) {
    return "`dispatcher` and `agent` are not supported for one call: the `HttpClient` of the layer makes the connections"
  }
  return undefined
}

/** Reads the arguments of `fetch`. Throws a `TypeError`, as `fetch` does, when they are invalid or not supported. */
export const call = (input: string | URL | Request, init?: RequestInit): Call => {
  const text = typeof input === "string" ? input : input instanceof URL ? input.href : undefined
  const web = new Request(text === undefined ? input : URL.canParse(text) ? text : placeholder, init)
  const problem = unsupported(init, web)
  if (problem !== undefined) throw new TypeError(`fetch: ${problem}. Nothing was sent.`)
  return { url: text ?? web.url, web }
}

/** Reads the body into memory, so that it can be sent again. */
export const toRequest = async ({ url, web }: Call): Promise<HttpClientRequest.HttpClientRequest> => {
  const bytes = web.body === null ? undefined : new Uint8Array(await web.arrayBuffer())
  const headers = Object.fromEntries(web.headers)
  const request = HttpClientRequest.make(web.method as HttpMethod)(url, { headers })
  return bytes === undefined
    ? request
    : HttpClientRequest.setBody(
      request,
      HttpBody.uint8Array(bytes, headers["content-type"])
    )
}

// Fetch standard, sections 2.2.3 and 2.2.6.
const redirects = new Set([301, 302, 303, 307, 308])
const bodiless = new Set([204, 205, 304])

const headersOf = ({ cookies, headers }: HttpClientResponse.HttpClientResponse): Headers => {
  const web = new Headers(headers)
  // The platform keeps one value for each name, which the expiry dates in cookies make unreadable.
  const lines = Cookies.toSetCookieHeaders(cookies)
  if (lines.length > 0) web.delete("set-cookie")
  for (const line of lines) web.append("set-cookie", line)
  return web
}

/**
 * The bytes as `fetch` gives them: nothing is read before the caller reads, and when the signal aborts, reading rejects
 * with its reason and the connection is closed (Fetch standard, "abort the fetch() call"). The `Request` is kept for as
 * long as there is something to read: its signal follows the caller's only while the `Request` is reachable.
 */
const readable = (bytes: Stream.Stream<Uint8Array, unknown>, web: Request): ReadableStream<Uint8Array> => {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  const open = () => reader ??= Stream.toReadableStream<Uint8Array>()(bytes).getReader()
  let onAbort: (() => void) | undefined
  const settle = () => {
    if (onAbort !== undefined) web.signal.removeEventListener("abort", onAbort)
  }
  const stop = async (reason: unknown) => {
    settle()
    // A stream that was never opened keeps its connection: it is opened to be cancelled.
    await open().cancel(reason).catch(() => undefined)
  }
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      onAbort = () => {
        controller.error(web.signal.reason)
        void stop(web.signal.reason)
      }
      if (web.signal.aborted) onAbort()
      else web.signal.addEventListener("abort", onAbort, { once: true })
    },
    pull: async (controller) => {
      try {
        const { done, value } = await open().read()
        if (web.signal.aborted) return
        if (!done) return controller.enqueue(value)
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

/** Sets what the constructor of `Response` cannot set, in its clones too. */
const described = (response: Response, url: string, status: number): Response =>
  Object.defineProperties(response, {
    url: { value: url },
    ...(status === response.status ? {} : { status: { value: status }, ok: { value: false } }),
    clone: { value: () => described(Response.prototype.clone.call(response), url, status) }
  })

export const toResponse = (
  response: HttpClientResponse.HttpClientResponse,
  web: Request
): Effect.Effect<Response, httpErrors.ResponseError> =>
  Effect.suspend(() => {
    const { request, status } = response
    const failure = (description: string) =>
      Effect.zipRight(
        body.discard(response),
        Effect.fail(httpErrors.ofResponse(response, "StatusCode", { description }))
      )
    // A browser hands over a redirect without its status: an opaque one, of status 0.
    if (web.redirect === "error" && (redirects.has(status) || status === 0)) {
      return failure(
        "it is a redirect, and the call was made with `redirect: \"error\"`. It was not followed"
      )
    }
    if (status !== 0 && status < 200) return failure("no `Response` can have this status")
    const hasBody = !bodiless.has(status) && request.method !== "HEAD" && status !== 0
    return Effect.succeed(described(
      new Response(
        hasBody ? readable(body.decoded(response), web) as ReadableStream<Uint8Array<ArrayBuffer>> : null,
        { status: status === 0 || status > 599 ? 200 : status, headers: headersOf(response) }
      ),
      request.url.replace(/#.*$/, ""),
      status
    ))
  })
