/**
 * The key of proofs of possession (RFC 9449), with the nonces and the clocks of servers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose"

import * as serverClocks from "./serverClocks.js"

/** A proof of possession for one request. */
export interface Proof {
  /** The value of the `DPoP` header. */
  readonly value: string
  /**
   * To be run with the headers of the response, whatever its status. Notes its nonce (RFC 9449 section 8.2) for the origin
   * of the request. `isRejected` states that the response rejected this proof (`invalid_dpop_proof`): then the offset of
   * the server's clock is taken from its `Date`, corrected by `Age`, if it is between 5 seconds and 24 hours.
   *
   * Returns whether nonce or offset are different from those of this proof, so that the request may succeed with another
   * one.
   */
  readonly onResponse: (
    headers: Readonly<Record<string, string | undefined>>,
    isRejected?: boolean | undefined
  ) => Effect.Effect<boolean>
}

/** A key, the nonces of servers and the offsets of their clocks. */
export interface ProofKey {
  readonly algorithm: string
  /** The JWK thumbprint of the key (RFC 7638), as servers bind tokens to it (RFC 9449 section 6.1). */
  readonly thumbprint: string
  readonly clocks: serverClocks.ServerClocks
  /** Creates a proof for one request (RFC 9449 section 4.2), with the newest nonce of the origin of its URL. */
  readonly proof: (request: {
    readonly method: string
    /** The URL of the request; query and fragment are left out of the proof (RFC 9449 section 4.2). */
    readonly url: string
    /** The token that is sent with the request; undefined for a token request. */
    readonly accessToken?: Redacted.Redacted<string> | undefined
  }) => Effect.Effect<Proof>
}

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

/** Generates a key that cannot be exported. */
export const make = (
  { algorithm = "ES256" }: { readonly algorithm?: string | undefined }
): Effect.Effect<ProofKey> =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair(algorithm, { extractable: false }))
    const jwk = yield* Effect.promise(() => exportJWK(publicKey))
    const thumbprint = yield* Effect.promise(() => calculateJwkThumbprint(jwk))
    const clocks = serverClocks.make()
    const nonces = new Map<string, string>()

    return {
      algorithm,
      thumbprint,
      clocks,
      proof: ({ accessToken, method, url }) =>
        Effect.gen(function*() {
          const { origin, pathname } = new URL(url)
          const ahead = clocks.ahead(origin)
          const nonce = nonces.get(origin)
          const now = (yield* Clock.currentTimeMillis) + ahead
          const value = yield* Effect.promise(async () => {
            const hash = accessToken === undefined
              ? undefined
              : await crypto.subtle.digest("SHA-256", new TextEncoder().encode(Redacted.value(accessToken)))
            return new SignJWT({
              jti: crypto.randomUUID(),
              htm: method,
              htu: origin + pathname,
              iat: Math.floor(now / 1000),
              ...(hash === undefined ? {} : { ath: base64url(hash) }),
              ...(nonce === undefined ? {} : { nonce })
            }).setProtectedHeader({ typ: "dpop+jwt", alg: algorithm, jwk }).sign(privateKey)
          })
          return {
            value,
            onResponse: (headers, isRejected = false) =>
              Effect.suspend(() => {
                const given = headers["dpop-nonce"]
                if (given !== undefined) serverClocks.setNewest(nonces, origin, given)
                const nonceChanged = nonces.get(origin) !== nonce
                return isRejected
                  ? Effect.map(
                    clocks.onRejected(origin, headers, ahead),
                    (clockChanged) => nonceChanged || clockChanged
                  )
                  : Effect.succeed(nonceChanged)
              })
          }
        })
    }
  })
