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

import type { AccessToken } from "./AccessToken.js"
import { type Api, ClientConfig } from "./ClientConfig.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError } from "./OAuthError.js"
import { TokenCache } from "./TokenCache.js"
import { CurrentOverrides } from "./TokenRequest.js"

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
  /**
   * To be run with the headers of every response, when there is something to learn from them; `isRejected` states that the
   * response rejected the proof of the request (`invalid_dpop_proof`). Returns whether something has changed, so that a
   * request that was rejected for it may be sent again.
   */
  readonly answered:
    | ((
      headers: Readonly<Record<string, string | undefined>>,
      isRejected?: boolean | undefined
    ) => Effect.Effect<boolean>)
    | undefined
  /** To be run when the API accepted the request as a replay: what it was authorized with mended the refusal. */
  readonly accepted: Effect.Effect<void>
}

/**
 * What a way of authorizing calls must know: where it may be used, and how to prepare a request.
 *
 * @since 0.1.0
 * @category models
 */
export interface Authorization {
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
export const Authorization = Context.GenericTag<Authorization>("@effect-oauth/client-credentials/Authorization")

/**
 * Tokens from the `TokenCache`, in the `Authorization` header: by themselves (RFC 6750 section 2.1), or with a proof if
 * `dpop` is configured (RFC 9449 section 7.1).
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Authorization, InvalidConfig, ClientConfig | TokenCache> = Effect.gen(function*() {
  const { api, dpop: proofs } = yield* ClientConfig
  const cache = yield* TokenCache
  const dpop = proofs === undefined ? undefined : yield* proofs
  const scheme = dpop === undefined ? "Bearer" : "DPoP"

  // The same text for each call with a token: one that is made anew is hashed, copied and looked through anew.
  const headers = new WeakMap<AccessToken, string>()
  const headerOf = (token: AccessToken): string => {
    const known = headers.get(token)
    if (known !== undefined) return known
    const header = `${scheme} ${Redacted.value(token.value)}`
    headers.set(token, header)
    return header
  }

  return {
    api,
    authorize: (request) =>
      Effect.withFiberRuntime((fiber) => {
        const change = Context.get(fiber.currentContext, CurrentOverrides)
        const { confirm, get, invalidate } = Object.keys(change).length === 0 ? cache : cache.withOverrides(change)
        const withToken = (request: HttpClientRequest.HttpClientRequest, token: AccessToken): Authorized => ({
          request: HttpClientRequest.setHeader(request, "authorization", headerOf(token)),
          refused: invalidate(token),
          accepted: confirm(token),
          answered: undefined
        })
        return dpop === undefined
          ? Effect.map(get, (token) => withToken(request, token))
          : Effect.flatMap(get, (token) =>
            Effect.map(
              dpop.proof({ method: request.method, url: request.url, accessToken: token.value }),
              ({ onResponse, value }) => ({
                ...withToken(HttpClientRequest.setHeader(request, "dpop", value), token),
                answered: onResponse
              })
            ))
      })
  }
})

/**
 * Tokens as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Authorization, InvalidConfig, ClientConfig | TokenCache> = Layer.effect(
  Authorization,
  make
)
