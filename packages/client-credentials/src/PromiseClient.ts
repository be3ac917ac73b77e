/**
 * The client as a `fetch` function, for code without Effect.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

import { ApiClient } from "./ApiClient.js"
import { WithoutRedirects } from "./internal/http/apiCall.js"
import * as webFetch from "./internal/http/webFetch.js"
import { ClientClosed } from "./OAuthError.js"

/**
 * A client that returns promises.
 *
 * @since 0.1.0
 * @category models
 */
export interface PromiseClient {
  /**
   * Calls the API as `fetch` does, as `ApiClient` authorizes, restricts and replays calls. A relative URL starts at the
   * base URL of the API. The request body is read into memory first, so that it can be sent again.
   *
   * - An abort of `signal` rejects with its reason (`AbortError`, `TimeoutError`), also while the body of the response is
   *   read, and closes the connection.
   * - `redirect: "error"` rejects redirects, `"manual"` returns them. By `"follow"`, the default, they are followed where
   *   the transport follows them: a transport on `fetch` does, Undici and `node:http` return them.
   * - `integrity`, `mode: "same-origin"`, `dispatcher` and `agent` are not supported and reject. `credentials`, `cache`,
   *   `keepalive`, `referrer` and the other modes concern browsers only and have no effect.
   * - A body with the content codings gzip, deflate or br is decoded on every transport. As in `fetch`, the header
   *   `Content-Encoding` is left as it is.
   * - `url` of the response is the URL of the call without its fragment. `redirected` is false and `statusText` empty.
   *
   * Rejects with the errors of `ApiClient` (each an `Error` with a `_tag`) or of the layer; a failure that is not an
   * `Error` becomes the `cause` of one. When the layer could not be built, the next call builds it again; calls made
   * meanwhile share one build. After `close`, every call rejects.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /**
   * Ends the build of the layer, and calls and token requests in progress, and closes the connections that the layer opened.
   * Such calls reject with `ClientClosed`; they may have reached the API.
   */
  readonly close: () => Promise<void>
}

/**
 * Builds a layer, such as `ClientCredentials.layer` or `LegacyToken.layer` with its `HttpClient`, for callers without
 * Effect. Make one client and share it: it caches the token.
 *
 * @example
 * import { ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer, Redacted } from "effect"
 *
 * const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const api = PromiseClient.make(Api)
 *
 * export const items = async () => (await api.fetch("/items")).json()
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <E>(layer: Layer.Layer<ApiClient, E>): PromiseClient => {
  const shared = buildOnDemand(layer)
  const calls = new Set<() => void>()
  /** Is interrupted by `close`, and succeeds never. */
  const interruptedByClose = Effect.async<never>((resume) => {
    const end = () => resume(Effect.interrupt)
    if (shared.isClosed()) return end()
    calls.add(end)
    return Effect.sync(() => {
      calls.delete(end)
    })
  })
  return {
    fetch: async (input, init) => {
      const call = webFetch.call(input, init)
      const { signal } = call.web
      signal.throwIfAborted()
      const send = Effect.gen(function*() {
        const runtime = yield* Effect.promise(shared.runtime)
        const request = yield* Effect.tryPromise({ try: () => webFetch.toRequest(call), catch: (error) => error })
        const response = Effect.flatMap(ApiClient, (api) => api.execute(request)).pipe(
          Effect.flatMap((response) => webFetch.toResponse(response, call.web)),
          Effect.provideService(WithoutRedirects, call.web.redirect !== "follow")
        )
        return yield* Effect.promise((signal) => runtime.runPromiseExit(response, { signal }))
      })
      const sent = await Effect.runPromiseExit(Effect.raceFirst(send, interruptedByClose), { signal })
      const exit = Exit.isSuccess(sent) ? sent.value : Exit.failCause(sent.cause)
      if (Exit.isSuccess(exit)) return exit.value
      signal.throwIfAborted()
      throw shared.isClosed() && Cause.isInterruptedOnly(exit.cause) ? closed() : errorOf(exit.cause)
    },
    close: () => {
      const closed = shared.close()
      for (const end of calls) end()
      return closed
    }
  }
}

const errorOf = (cause: Cause.Cause<unknown>): Error => {
  const error = Cause.squash(cause)
  // A `ConfigError` is not an `Error`, and would be shown as its fields.
  return error instanceof Error ? error : new Error(String(error), { cause: error })
}

const closed = () => new ClientClosed()

/**
 * One build of a layer for all callers. A failed build is released before the next one starts, so that nothing of it
 * stays open.
 */
const buildOnDemand = <R, E>(layer: Layer.Layer<R, E>) => {
  type Runtime = ManagedRuntime.ManagedRuntime<R, E>
  let current: { readonly runtime: Runtime; readonly ready: Promise<Runtime> } | undefined
  let closing: Promise<void> | undefined

  const build = async (runtime: Runtime): Promise<Runtime> => {
    const exit = await runtime.runPromiseExit(Effect.void)
    if (closing !== undefined) throw closed()
    if (Exit.isSuccess(exit)) return runtime
    await runtime.dispose().catch(() => undefined)
    current = undefined
    throw errorOf(exit.cause)
  }

  return {
    runtime: (): Promise<Runtime> => {
      if (closing !== undefined) return Promise.reject(closed())
      if (current === undefined) {
        const runtime = ManagedRuntime.make(layer)
        current = { runtime, ready: build(runtime) }
      }
      return current.ready
    },
    isClosed: () => closing !== undefined,
    close: () => closing ??= current?.runtime.dispose() ?? Promise.resolve()
  }
}
