/**
 * A client, an authorization server that numbers its tokens, and an API with the responses of the test.
 */
import type { HttpClientError } from "@effect/platform"
import {
  type ApiClient,
  type ClientConfig,
  ClientCredentials,
  type InvalidConfig,
  type OAuthError
} from "@effect-oauth/client-credentials"
import { Effect, Layer, Redacted } from "effect"

import * as fakeHttp from "./fakeHttp.js"

export const secret = "s3cr3t/+ %:x"

export const options: ClientConfig.Options = {
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make(secret),
  apiBaseUrl: "https://api.example.com/v1"
}

export const tokenJson = (token: string, more: Readonly<Record<string, unknown>> = {}) =>
  Response.json({ access_token: token, token_type: "Bearer", expires_in: 86_400, ...more })

export const bearerOf = (sent: fakeHttp.Sent): string | undefined => sent.headers["authorization"]

export type Answer = (sent: fakeHttp.Sent, count: number) => Effect.Effect<Response, HttpClientError.HttpClientError>

/** Issues the tokens `token-1`, `token-2` and so on. */
export const make = (
  api: Answer,
  more: Partial<ClientCredentials.Options> = {},
  issue: (count: number, sent: fakeHttp.Sent) => Response = (count) => tokenJson(`token-${count}`)
) => {
  const counts = { tokens: 0, calls: 0 }
  const http = fakeHttp.make((sent) => {
    if (sent.url === options.tokenUrl) {
      counts.tokens += 1
      return Effect.sync(() => issue(counts.tokens, sent))
    }
    counts.calls += 1
    return api(sent, counts.calls)
  })
  const layer: Layer.Layer<ApiClient.ApiClient, InvalidConfig.InvalidConfig> = ClientCredentials.layer({
    ...options,
    ...more
  }).pipe(Layer.provide(http.layer))
  return {
    layer,
    counts,
    sent: http.sent,
    calls: () => http.sent.filter(({ url }) => url !== options.tokenUrl)
  }
}

export const ok: Answer = () => Effect.sync(() => Response.json({ ok: true }))

export const reject = (challenge?: string, status = 401): Response =>
  new Response("rejected", { status, headers: challenge === undefined ? {} : { "www-authenticate": challenge } })

/** Accepts only the token with this number. */
export const accepts = (token: () => string): Answer => (sent) =>
  Effect.sync(() =>
    bearerOf(sent) === `Bearer ${token()}` ? Response.json({ ok: true }) : reject("Bearer error=\"invalid_token\"")
  )

export type Failure = OAuthError.OAuthError | HttpClientError.HttpClientError
