/**
 * DPoP proofs, checked by RFC 9449 section 4.3.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { calculateJwkThumbprint, EmbeddedJWK, type JWK, jwtVerify } from "jose"

export type Checked =
  | { readonly _tag: "Valid"; readonly thumbprint: string; readonly nonce: unknown }
  | { readonly _tag: "Invalid"; readonly problem: string }

const invalid = (problem: string): Checked => ({ _tag: "Invalid", problem })

export const base64url = (bytes: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")

export const make = () => {
  const seen = new Set<string>()
  return (
    proof: string,
    expected: { readonly method: string; readonly url: URL; readonly accessToken?: string }
  ): Effect.Effect<Checked> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      return yield* Effect.promise(async (): Promise<Checked> => {
        const verified = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt", currentDate: new Date(now) }).catch(
          () => undefined
        )
        if (verified === undefined) return invalid("it is not a proof, or its signature is wrong")
        const { payload, protectedHeader: { jwk } } = verified
        const { ath, htm, htu, iat, jti, nonce } = payload
        if (htm !== expected.method) return invalid("it is for another method")
        if (htu !== expected.url.origin + expected.url.pathname) return invalid("it is for another URL")
        if (typeof iat !== "number" || Math.abs(iat * 1000 - now) > 300_000) return invalid("it is too old or too new")
        if (typeof jti !== "string" || seen.has(jti)) return invalid("it was used before")
        seen.add(jti)
        if (expected.accessToken !== undefined) {
          const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(expected.accessToken))
          if (ath !== base64url(digest)) return invalid("it is for another token")
        }
        return { _tag: "Valid", thumbprint: await calculateJwkThumbprint(jwk as JWK), nonce }
      })
    })
}
