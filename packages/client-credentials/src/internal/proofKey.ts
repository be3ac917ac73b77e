/**
 * The key that proofs are made with (RFC 9449), and what servers have said: their nonces and clocks.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose"

import type { Options, Service } from "../DPoP.js"

const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

/** Servers for which something is kept; a client talks to a few. */
const maxOrigins = 100

export const make = ({ algorithm = "ES256" }: Options): Effect.Effect<Service> =>
  Effect.gen(function*() {
    const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair(algorithm, { extractable: false }))
    const jwk = yield* Effect.promise(() => exportJWK(publicKey))
    const thumbprint = yield* Effect.promise(() => calculateJwkThumbprint(jwk))
    const servers = new Map<string, { readonly nonce: string | undefined; readonly ahead: number }>()

    const learn = (origin: string, headers: Readonly<Record<string, string | undefined>>) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const known = servers.get(origin)
        const nonce = headers["dpop-nonce"] ?? known?.nonce
        const date = Date.parse(headers["date"] ?? "")
        // A server's clock counts whole seconds and its answer took a moment: less than some seconds means nothing.
        const ahead = Number.isNaN(date) ? known?.ahead ?? 0 : Math.abs(date - now) > 5000 ? date - now : 0
        servers.delete(origin)
        servers.set(origin, { nonce, ahead })
        for (const oldest of servers.keys()) {
          if (servers.size <= maxOrigins) break
          servers.delete(oldest)
        }
        return nonce
      })

    return {
      algorithm,
      thumbprint,
      proof: ({ accessToken, method, url }) =>
        Effect.gen(function*() {
          const { origin, pathname } = new URL(url)
          const { ahead = 0, nonce } = servers.get(origin) ?? {}
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
          return { value, answered: (headers) => Effect.map(learn(origin, headers), (newest) => newest !== nonce) }
        })
    }
  })
