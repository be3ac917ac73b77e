/**
 * A token endpoint without a network: it numbers its tokens, can wait at a gate, and responds by a script.
 */
import type { TokenRequest } from "@effect-oauth/client-credentials"
import { AccessToken, OAuthError, TokenEndpoint } from "@effect-oauth/client-credentials"
import { Clock, Deferred, Effect, Layer, Redacted } from "effect"

import * as tokenRequests from "../../src/internal/models/tokenRequests.js"

export const day = 86_400_000

export const request = tokenRequests.make({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync"
})

export const unavailable = new OAuthError.TokenEndpointUnavailable({
  endpoint: request.endpoint,
  reason: "status",
  detail: "503"
})

export const wrongSecret = new OAuthError.TokenErrorResponse({
  endpoint: request.endpoint,
  status: 401,
  error: "invalid_client"
})

export interface Asked {
  /** Time in milliseconds since the epoch. */
  readonly at: number
  readonly reason: unknown
  readonly request: TokenRequest.TokenRequest
}

export interface Script {
  /** Duration in milliseconds. */
  readonly life?: number | ((request: number) => number)
  readonly value?: (request: number) => string
  readonly gate?: Deferred.Deferred<void>
  readonly fails?: (request: number, now: number) => OAuthError.TokenError | false
  readonly dies?: boolean
  readonly hangs?: (request: number) => boolean
}

/** Returns the reason in the span around the request. */
const reason = Effect.map(
  Effect.option(Effect.currentSpan),
  (span) => span._tag === "Some" ? span.value.attributes.get("oauth.token.reason") : undefined
)

export const make = (script: Script = {}) => {
  const count = { requests: 0, interrupted: 0 }
  const asked: Array<Asked> = []
  const requestToken = (request: TokenRequest.TokenRequest) =>
    Effect.gen(function*() {
      const requests = count.requests += 1
      const requestedAt = yield* Clock.currentTimeMillis
      asked.push({ at: requestedAt, reason: yield* reason, request })
      if (script.gate !== undefined) yield* Deferred.await(script.gate)
      if (script.hangs?.(requests) === true) return yield* Effect.never
      if (script.dies === true) return yield* Effect.dieMessage("a defect")
      const failure = script.fails?.(requests, requestedAt) ?? false
      if (failure !== false) return yield* failure
      const { life = day } = script
      const token = new AccessToken.AccessToken({
        value: Redacted.make(script.value?.(requests) ?? `token-${requests}`),
        scope: undefined,
        requestedAt,
        expiresAt: requestedAt + (typeof life === "number" ? life : life(requests))
      })
      return { token, quotas: [] }
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => count.interrupted += 1)))
  return { count, asked, layer: Layer.succeed(TokenEndpoint.TokenEndpoint, { request, requestToken }) }
}

export const value = (token: AccessToken.AccessToken) => Redacted.value(token.value)
