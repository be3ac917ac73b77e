/**
 * Revocation of tokens (RFC 7009), and of those in the cache at shutdown: loaded with the first revocation, or when a client is
 * made that revokes its tokens at shutdown.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "../../AccessToken.js"
import { InvalidTokenResponse, RevocationUnsupported, type TokenError } from "../../OAuthError.js"
import type * as authenticated from "../http/authenticatedRequest.js"
import * as tokenRequest from "../http/tokenRequest.js"
import * as tokenResponse from "../http/tokenResponse.js"
import { usesAliases } from "../protocol/mutualTls.js"
import * as issuedTokens from "./issuedTokens.js"

interface Metadata {
  readonly issuer: string | undefined
  readonly revocationEndpoint: string | undefined
  readonly mutualTls: { readonly revocationEndpoint: string | undefined }
  readonly authenticationMethods: ReadonlyArray<string> | undefined
  readonly signingAlgorithms?: ReadonlyArray<string> | undefined
  readonly certificateBoundTokens?: boolean | undefined
}

/** The parts of a client that revoke. */
export interface Settings {
  readonly metadata: Effect.Effect<Metadata, TokenError>
  readonly authentication: (
    supported: ReadonlyArray<string> | undefined
  ) => authenticated.Authentication & { readonly method: string; readonly mutualTls: boolean }
  readonly send: ReturnType<typeof authenticated.make>
  readonly clientId: string
  /** The token endpoint, or the issuer, for errors. */
  readonly endpoint: string
  readonly revocationUrl: string | undefined
  readonly certificateBoundTokens: boolean | undefined
  readonly hasDpop: boolean
}

type Revoke = (token: AccessToken) => Effect.Effect<void, TokenError | RevocationUnsupported>

/** Encodes the revocation request of RFC 7009 section 2.1, which is a form even if token requests are JSON. */
const encode = (url: string, token: string, proof: tokenRequest.ClientProof): HttpClientRequest.HttpClientRequest =>
  tokenRequest.postForm(
    url,
    [["token", token], ["token_type_hint", "access_token"], ...Object.entries(proof.parameters ?? {})],
    proof
  )

/** Revokes a token at the endpoint that is configured or in the metadata of the server. */
export const revoke = (
  { authentication, certificateBoundTokens, clientId, endpoint, hasDpop, metadata, revocationUrl, send }: Settings
): Revoke =>
(token) =>
  Effect.gen(function*() {
    const server = yield* metadata
    const { authenticationMethods, issuer, revocationEndpoint, signingAlgorithms } = server
    const method = authentication(authenticationMethods)
    const aliased = usesAliases({
      method: method.method,
      byCertificate: method.mutualTls,
      wanted: certificateBoundTokens,
      hasDpop,
      serverBinds: server.certificateBoundTokens
    })
    const alias = aliased ? server.mutualTls.revocationEndpoint : undefined
    const url = revocationUrl ?? alias ?? revocationEndpoint
    if (url === undefined) return yield* new RevocationUnsupported({ endpoint })
    const value = Redacted.value(token.value)
    yield* send({
      authentication: method,
      url,
      endpoint: revocationEndpoint ?? url,
      secrets: [value],
      clientId,
      issuer,
      signingAlgorithms,
      encode: (proof) => encode(url, value, proof),
      decode: (received, redaction, { hint }) => {
        const { endpoint, status } = received
        const rejected = tokenResponse.rejection(received, { redaction, hint })
        if (rejected !== undefined) return Either.left(rejected)
        return status === 200 ? Either.right(undefined) : Either.left(
          new InvalidTokenResponse({
            endpoint,
            status,
            problem: "a revocation is answered with 200 (RFC 7009 section 2.2). Check the revocation URL " +
              "(OAUTH_REVOCATION_URL)."
          })
        )
      }
    })
    yield* Effect.clockWith((clock) => Effect.sync(() => issuedTokens.forget(clock, token)))
  })

const warnOfUnrevoked = (error: { readonly message: string }) =>
  Effect.logWarning(
    `A token could not be revoked at shutdown: ${
      error.message.replace(/\.?$/, ".")
    } It can be used until it expires. To end it earlier, ` +
      "revoke it at the authorization server."
  )

/** Revokes the cached tokens. Logs each one that cannot be revoked: the others are revoked, and the program ends in any case. */
export const revokeAll = (revoke: Revoke, cached: Effect.Effect<ReadonlyArray<AccessToken>>): Effect.Effect<void> =>
  cached.pipe(
    Effect.flatMap(Effect.forEach((token) => Effect.catchAll(revoke(token), warnOfUnrevoked), {
      concurrency: 10,
      discard: true
    })),
    Effect.timeout("5 seconds"),
    Effect.catchAll(warnOfUnrevoked),
    Effect.interruptible
  )

/** Warns if the metadata of an issuer names no revocation endpoint, once it arrives: building a client sends nothing. */
export const withWarning = <A extends Pick<Metadata, "issuer" | "revocationEndpoint">, E>(
  get: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  // One warning for each client; a second one at the same moment would do no harm.
  let isReported = false
  return Effect.tap(get, ({ issuer = "", revocationEndpoint }) => {
    if (isReported || revocationEndpoint !== undefined) return Effect.void
    isReported = true
    return Effect.logWarning(
      `The metadata of the issuer ${issuer} names no revocation endpoint, so revokeAtShutdown revokes nothing. Set ` +
        "revocationUrl (OAUTH_REVOCATION_URL), or leave revokeAtShutdown out."
    )
  })
}
