/**
 * For callers outside Effect: the same client behind the `fetch` that every JavaScript programmer knows.
 *
 * @since 0.1.0
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type { HttpMethod } from "@effect/platform/HttpMethod"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"

import { ApiClient } from "./ApiClient.js"
import * as body from "./internal/body.js"

/**
 * A client for code that knows promises only.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseClient {
  /**
   * Calls the API: `fetch` with a token, replays and the rule of origins. A path is taken from the base URL of the API.
   * The request body is read into memory first, so that it can be sent again. Rejects with the errors of `ApiClient`
   * (each an `Error` with a `_tag`), or of the layer; one that is no `Error` is the `cause` of one.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** Ends token requests under way and closes the connections that the layer opened. */
  readonly close: () => Promise<void>
}

/**
 * Runs a layer, such as `ClientCredentials.layer` or `LegacyToken.layer` with its `HttpClient`, for callers of promises.
 * Make one, and share it: the token is cached in it.
 *
 * @example
 * import { ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer, Redacted } from "effect"
 *
 * const api = PromiseClient.make(
 *   ClientCredentials.layer({
 *     tokenUrl: "https://auth.example.com/oauth/token",
 *     clientId: "inventory-sync",
 *     clientSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://api.example.com/v1"
 *   }).pipe(Layer.provide(FetchHttpClient.layer))
 * )
 *
 * export const items = async () => (await api.fetch("/items")).json()
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(layer: Layer.Layer<ApiClient, E>): PromiseClient => {
  const runtime = ManagedRuntime.make(layer)
  return {
    fetch: async (input, init) => {
      const { request, signal } = await fromFetch(input, init)
      const exit = await runtime.runPromiseExit(
        Effect.flatMap(ApiClient, (api) => Effect.map(api.execute(request), toFetch)),
        { signal }
      )
      if (Exit.isSuccess(exit)) return exit.value
      signal.throwIfAborted()
      const error = Cause.squash(exit.cause)
      // A `ConfigError` is none, and would be shown as what it is made of.
      throw error instanceof Error ? error : new Error(String(error), { cause: error })
    },
    close: () => runtime.dispose()
  }
}

// A `Request` takes absolute URLs only; this origin stands in for the base URL and is cut off again.
const placeholder = "https://api.invalid"

const fromFetch = async (input: string | URL | Request, init?: RequestInit) => {
  const relative = typeof input === "string" && !URL.canParse(input)
  const web = new Request(relative ? placeholder + (input.startsWith("/") ? input : `/${input}`) : input, init)
  const bytes = web.body === null ? undefined : new Uint8Array(await web.arrayBuffer())
  const { "content-type": contentType, ...headers } = Object.fromEntries(web.headers)
  const request = HttpClientRequest.make(web.method as HttpMethod)(
    relative ? web.url.slice(placeholder.length) : web.url,
    { headers }
  )
  return {
    request: bytes === undefined
      ? request
      : HttpClientRequest.setBody(request, HttpBody.uint8Array(bytes, contentType)),
    signal: web.signal
  }
}

const bodiless = new Set([101, 204, 205, 304])

const toFetch = (response: HttpClientResponse.HttpClientResponse): Response =>
  new Response(
    bodiless.has(response.status) || response.request.method === "HEAD"
      ? null
      : Stream.toReadableStream<Uint8Array>()(body.bytes(response)) as ReadableStream<Uint8Array<ArrayBuffer>>,
    { status: response.status, headers: response.headers }
  )
