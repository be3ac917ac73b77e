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
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"

export const execute = (client: HttpClient.HttpClient, request: HttpClientRequest.HttpClientRequest) =>
  Effect.suspend(() => {
    let noted: RequestInit | undefined
    const note: typeof fetch = (_, init) => {
      const { body: _body, headers: _headers, method: _method, signal: _signal, ...options } = init ?? {}
      noted = options
      return Promise.resolve(new Response())
    }
    return client.execute(request).pipe(
      Effect.provideService(FetchHttpClient.Fetch, note),
      Effect.flatMap((response) =>
        noted === undefined
          ? Effect.succeed(response)
          : client.execute(request).pipe(
            Effect.provideService(FetchHttpClient.RequestInit, { ...noted, redirect: "manual" })
          )
      )
    )
  })
