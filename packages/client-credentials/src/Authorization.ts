/**
 * What a call to the API is authorized with. `ApiClient` knows only this: tokens, legacy tokens or your own scheme
 * stand behind it.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import { type Api, ClientConfig } from "./ClientConfig.js"
import type { TokenError } from "./OAuthError.js"
import { TokenCache } from "./TokenCache.js"
import { CurrentChange } from "./TokenRequest.js"

/**
 * A request that is ready to be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authorized {
  readonly request: HttpClientRequest.HttpClientRequest
  /** To be run when the API refused the request. Its answer: may a replay be authorized differently? */
  readonly refused: Effect.Effect<boolean>
  /** To be run when the API accepted the request as a replay: what it was authorized with mended the refusal. */
  readonly accepted: Effect.Effect<void>
}

/**
 * What a way of authorizing calls must know: where it may be used, and how to prepare a request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Where the authorization may go. */
  readonly api: Api
  readonly authorize: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Authorized, TokenError>
}

/**
 * The way in which calls are authorized.
 *
 * @since 0.1.0
 * @category tags
 */
export class Authorization
  extends Context.Tag("@effect-oauth/client-credentials/Authorization")<Authorization, Service>()
{}

/**
 * Bearer tokens from the `TokenCache`, in the `Authorization` header (RFC 6750 section 2.1).
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBearer: Effect.Effect<Service, never, ClientConfig | TokenCache> = Effect.gen(function*() {
  const { api } = yield* ClientConfig
  const cache = yield* TokenCache
  const current = Effect.map(
    CurrentChange,
    (change) => Object.keys(change).length === 0 ? cache : cache.withChange(change)
  )
  return {
    api,
    authorize: (request) =>
      Effect.flatMap(current, ({ accepted, get, rejected }) =>
        Effect.map(get, (token) => ({
          request: HttpClientRequest.setHeader(request, "authorization", `Bearer ${Redacted.value(token.value)}`),
          refused: rejected(token),
          accepted: accepted(token)
        })))
  }
})

/**
 * Bearer tokens as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBearer: Layer.Layer<Authorization, never, ClientConfig | TokenCache> = Layer.effect(
  Authorization,
  makeBearer
)
