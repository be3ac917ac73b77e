/**
 * Sends one request without following redirects, whatever the `HttpClient` underneath.
 *
 * The Node and Undici clients never follow a redirect. The one on `fetch` does unless its `RequestInit` says otherwise,
 * and `fetch` then repeats a body, with the secret in it, wherever the redirect points. That `RequestInit` may hold what
 * the user needs (a dispatcher with a private authority, say) and is out of sight when it was provided beneath the
 * client. So the client is first run with a `fetch` that only notes its `RequestInit` and sends nothing; a client that
 * does not use `fetch` has then sent the request already, and another one sends it with that `RequestInit` made strict.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"

import * as body from "./http/body.js"

const strict = (init: RequestInit): RequestInit => ({ ...init, redirect: "manual" })

/** What was set for `fetch` itself, without what the platform made of the request. */
const settings = (
  { body: _body, headers, method: _method, signal: _signal, ...rest }: RequestInit,
  request: HttpClientRequest.HttpClientRequest
): RequestInit => ({
  ...rest,
  headers: Headers.remove(Headers.fromInput(headers as Headers.Input), [
    ...Object.keys(request.headers),
    "b3",
    "traceparent"
  ])
})

export const execute = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  learn: (beneath: RequestInit) => void = constVoid
) =>
  Effect.suspend(() => {
    let noted: RequestInit | undefined
    const note: typeof fetch = (_, init) => {
      noted = settings(init ?? {}, request)
      return Promise.resolve(new Response())
    }
    return client.execute(request).pipe(
      Effect.provideService(FetchHttpClient.Fetch, note),
      Effect.flatMap((response) => {
        learn(noted ?? {})
        return noted === undefined
          ? Effect.succeed(response)
          : Effect.provideService(client.execute(request), FetchHttpClient.RequestInit, strict(noted))
      })
    )
  })

/**
 * The same for the calls of an API, in which a proof of possession would go along: `fetch` leaves `Authorization` behind
 * when a redirect leads to another origin, but not `DPoP`. What stands beneath the client is noted once. A body that can
 * be sent only once is sent in that run already, by the `fetch` in sight.
 */
export const strictly = (client: HttpClient.HttpClient) => {
  let beneath: RequestInit | undefined
  const learn = (init: RequestInit) => {
    beneath = init
  }
  return (request: HttpClientRequest.HttpClientRequest) =>
    Effect.gen(function*() {
      const known = Option.getOrElse(yield* Effect.serviceOption(FetchHttpClient.RequestInit), () => beneath)
      if (known !== undefined) {
        return yield* Effect.provideService(client.execute(request), FetchHttpClient.RequestInit, strict(known))
      }
      if (body.isReplayable(request.body)) return yield* execute(client, request, learn)
      const send = Option.getOrElse(yield* Effect.serviceOption(FetchHttpClient.Fetch), () => globalThis.fetch)
      return yield* Effect.provideService(client.execute(request), FetchHttpClient.Fetch, (input, init) => {
        learn(settings(init ?? {}, request))
        return send(input, strict(init ?? {}))
      })
    })
}
