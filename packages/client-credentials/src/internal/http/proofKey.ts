/**
 * The key of proofs (RFC 9449), with the nonces and the clocks of servers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose"

import type { DPoP, Options } from "../../DPoP.js"
import * as serverClocks from "./serverClocks.js"

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

export const make = ({ algorithm = "ES256" }: Options): Effect.Effect<DPoP> =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair(algorithm, { extractable: false }))
    const jwk = yield* Effect.promise(() => exportJWK(publicKey))
    const thumbprint = yield* Effect.promise(() => calculateJwkThumbprint(jwk))
    const clocks = serverClocks.make()
    const nonces = new Map<string, string>()

    return serverClocks.share({
      algorithm,
      thumbprint,
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
                  ? Effect.map(clocks.rejected(origin, headers, ahead), (clockChanged) => nonceChanged || clockChanged)
                  : Effect.succeed(nonceChanged)
              })
          }
        })
    }, clocks)
  })
