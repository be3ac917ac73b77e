/**
 * The values of access tokens: opaque ones that are numbered, or JWTs with a key of the server.
 */
import * as Effect from "effect/Effect"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

import type { Behavior } from "./behavior.js"
import * as jwtProfiles from "./jwtProfiles.js"
import type { Issued } from "./models.js"
import type { Passed } from "./passed.js"

type Terms = Omit<Issued, "value" | "revoked">

export interface AccessTokens {
  readonly value: (terms: Terms) => Effect.Effect<string>
  /** The keys for the verification of JWTs (RFC 7517 section 5). */
  readonly jwks: Effect.Effect<{ readonly keys: ReadonlyArray<JWK> }>
}

const algorithm = "RS256"

/** Keys by issuer: a server keeps its key through a `reset`, since verifiers have read it. */
const keys = new Map<string, ReturnType<typeof makeKey>>()

const makeKey = async () => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk: { ...jwk, alg: algorithm, use: "sig", kid: await calculateJwkThumbprint(jwk) } }
}

/**
 * Creates the tokens of a server. `epoch` distinguishes them from those before a reset or of another server at the same
 * port.
 */
export const make = (
  issuer: string,
  { accessTokens, claims, jwtProfile }: Behavior,
  epoch: string | undefined,
  passed: Passed
): AccessTokens => {
  const idOf = ({ number }: Terms) => `token-${number}${epoch === undefined ? "" : `-${epoch}`}`
  // Created on first use, since generating RSA keys takes time.
  const key = () => {
    const made = keys.get(issuer) ?? makeKey()
    keys.set(issuer, made)
    return made
  }
  return {
    value: (terms) =>
      accessTokens === "opaque"
        ? Effect.succeed(idOf(terms))
        : Effect.promise(async () => {
          const { jwk, privateKey } = await key()
          const { type } = jwtProfiles.table[jwtProfile]
          const times = { issuedAt: terms.issuedAt - passed(), expiresAt: terms.expiresAt - passed() }
          const all = { ...terms, ...times, id: idOf(terms), issuer }
          return new SignJWT({ ...jwtProfiles.claimsOf(jwtProfile, all), ...claims })
            .setProtectedHeader({ alg: algorithm, kid: jwk.kid, ...(type === undefined ? {} : { typ: type }) })
            .sign(privateKey)
        }),
    jwks: accessTokens === "opaque"
      ? Effect.succeed({ keys: [] })
      : Effect.map(Effect.promise(key), ({ jwk }) => ({ keys: [jwk] }))
  }
}
