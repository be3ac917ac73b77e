/**
 * The authorization of calls to an API. `ApiClient` depends on this service alone: access tokens, legacy tokens or a custom
 * scheme provide it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2 | RFC 9110 section 11.6.2}
 * @since 3.0.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "./AccessToken.js"
import { ClientConfig } from "./ClientConfig.js"
import { Authorized } from "./internal/http/authorized.js"
import type { Proof, ProofKey } from "./internal/http/proofKey.js"
import { valueOf, withFiber } from "./internal/seam/fiber.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError } from "./OAuthError.js"
import { TokenCache } from "./TokenCache.js"
import { CurrentOverrides } from "./TokenRequest.js"

/**
 * A request that is ready to be sent.
 *
 * @since 3.0.0
 * @category models
 */
export interface AuthorizedRequest {
  readonly request: HttpClientRequest.HttpClientRequest
  /** Identifies the authorization of the request: an access token, or the secret of another scheme. */
  readonly credential: AccessToken | Redacted.Redacted<string>
  /** Notes what a response states about the proof of possession in the request (RFC 9449), which itself is in no field. */
  readonly proof?: Pick<Proof, "onResponse"> | undefined
}

/**
 * Authorization of calls: the allowed URLs, the preparation of requests, and the evaluation of responses.
 *
 * @since 3.0.0
 * @category models
 */
export interface Authorization {
  /** The URLs that calls may be sent to. */
  readonly api: ClientConfig["api"]
  readonly authorize: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<AuthorizedRequest, TokenError>
  /**
   * Records the nonce and the time of a response for later proofs of possession; `ApiClient` runs it for every response
   * to an authorized request. `isProofRejected` states that the response rejected the proof (`invalid_dpop_proof`).
   * Returns true when the next proof differs from the one of this request, so that a request that was rejected for it may
   * be sent again.
   */
  readonly onResponse: (
    authorized: AuthorizedRequest,
    response: Pick<HttpClientResponse.HttpClientResponse, "headers">,
    isProofRejected: boolean
  ) => Effect.Effect<boolean>
  /**
   * Invalidates the authorization of a request that the API rejected. Returns true when a replay may be authorized
   * differently.
   */
  readonly invalidate: (authorized: AuthorizedRequest) => Effect.Effect<boolean>
  /** Confirms the authorization of a replay that the API accepted. */
  readonly confirm: (authorized: AuthorizedRequest) => Effect.Effect<void>
}

/**
 * The authorization in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const Authorization = Context.GenericTag<Authorization>("@effect-oauth/client-credentials/Authorization")

/** The header of each token, which is as long as the token: made once, not for each call. */
const bearerHeaders = new WeakMap<AccessToken, string>()

const bearerHeader = (token: AccessToken): string => {
  const known = bearerHeaders.get(token)
  if (known !== undefined) return known
  const header = `Bearer ${Redacted.value(token.value)}`
  bearerHeaders.set(token, header)
  return header
}

const bearer = (request: HttpClientRequest.HttpClientRequest, token: AccessToken): AuthorizedRequest =>
  new Authorized(HttpClientRequest.setHeader(request, "authorization", bearerHeader(token)), token)

const bound = ({ proof }: ProofKey, request: HttpClientRequest.HttpClientRequest, token: AccessToken) =>
  Effect.map(
    proof({ method: request.method, url: request.url, accessToken: token.value }),
    ({ onResponse, value }): AuthorizedRequest =>
      new Authorized(
        HttpClientRequest.setHeaders(request, { authorization: `DPoP ${Redacted.value(token.value)}`, dpop: value }),
        token,
        { onResponse }
      )
  )

/** Allocates no list of the names. */
const isEmpty = (overrides: object): boolean => {
  for (const _ in overrides) return false
  return true
}

const unchanged = Effect.succeed(false)

const onResponse: Authorization["onResponse"] = ({ proof }, response, isProofRejected) =>
  proof === undefined ? unchanged : proof.onResponse(response.headers, isProofRejected)

/**
 * Authorizes calls with tokens from the `TokenCache`, in the `Authorization` header: as bearer tokens (RFC 6750 section
 * 2.1), or with a proof if `dpop` is configured (RFC 9449 section 7.1). The overrides of a call
 * (`TokenRequest.withOverrides`) determine its token.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make: Effect.Effect<Authorization, InvalidConfig, ClientConfig | TokenCache> = Effect.gen(function*() {
  const { api, dpop: proofs } = yield* ClientConfig
  const configured = yield* TokenCache
  const dpop = proofs === undefined ? undefined : yield* proofs

  const withCache = <A, E>(use: (cache: TokenCache) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
    withFiber((fiber) => {
      const overrides = valueOf(fiber, CurrentOverrides)
      return use(isEmpty(overrides) ? configured : configured.withOverrides(overrides))
    })

  return {
    api,
    authorize: (request) =>
      withCache(({ get }) =>
        dpop === undefined
          ? Effect.map(get, (token) => bearer(request, token))
          : Effect.flatMap(get, (token) => bound(dpop, request, token))
      ),
    onResponse,
    invalidate: ({ credential }) =>
      Redacted.isRedacted(credential) ? unchanged : withCache((cache) => cache.invalidate(credential)),
    confirm: ({ credential }) =>
      Redacted.isRedacted(credential) ? Effect.void : withCache((cache) => cache.confirm(credential))
  }
})

/**
 * Provides the authorization by access tokens.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer: Layer.Layer<Authorization, InvalidConfig, ClientConfig | TokenCache> = /*#__PURE__*/ Layer.effect(
  Authorization,
  make
)
