/**
 * The key of proofs of possession (RFC 9449), with the nonces and the clocks of servers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose"

import * as serverClocks from "./serverClocks.js"

/** A proof for one request. */
export interface Possession {
  /** The value of the `DPoP` header. */
  readonly value: string
  /** Notes what the response states. Returns whether the next proof differs, so that the request may be sent again. */
  readonly onResponse: (
    headers: Readonly<Record<string, string | undefined>>,
    isRejected?: boolean | undefined
  ) => Effect.Effect<boolean>
}

export interface ProofKey {
  readonly algorithm: string
  readonly thumbprint: string
  readonly clocks: serverClocks.ServerClocks
  readonly proof: (request: {
    readonly method: string
    readonly url: string
    readonly accessToken?: Redacted.Redacted<string> | undefined
  }) => Effect.Effect<Possession>
}

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

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
