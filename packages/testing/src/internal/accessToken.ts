/**
 * The values of access tokens: opaque ones that are numbered, or JWTs (RFC 9068) with a key of the server.
 */
import * as Effect from "effect/Effect"
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

import type { Behavior } from "./behavior.js"
import type { Issued } from "./models.js"

type Terms = Omit<Issued, "value" | "revoked">

export interface AccessTokens {
  readonly value: (terms: Terms) => Effect.Effect<string>
  /** The keys that JWTs are verified with (RFC 7517 section 5). */
  readonly jwks: Effect.Effect<{ readonly keys: ReadonlyArray<JWK> }>
}

/** The claims of RFC 9068 section 2.2, and `cnf` of RFC 9449 section 6.1. */
export const claimsOf = (issuer: string, id: string, terms: Terms): Readonly<Record<string, unknown>> => {
  const { audience, clientId, expiresAt, issuedAt, scope, thumbprint } = terms
  return {
    iss: issuer,
    sub: clientId,
    // Where no resource is named, the server stands for its default resource (RFC 9068 section 3).
    aud: audience.length === 0 ? issuer : audience.length === 1 ? audience[0] : audience,
    client_id: clientId,
    iat: Math.floor(issuedAt / 1000),
    exp: Math.floor(expiresAt / 1000),
    jti: id,
    ...(scope.length === 0 ? {} : { scope: scope.join(" ") }),
    ...(thumbprint === undefined ? {} : { cnf: { jkt: thumbprint } })
  }
}

const algorithm = "RS256"

/** A server that starts again, as after a `reset`, has its key still: those who verify have read it. */
const keys = new Map<string, ReturnType<typeof makeKey>>()

const makeKey = async () => {
  const { privateKey, publicKey } = await generateKeyPair(algorithm)
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk: { ...jwk, alg: algorithm, use: "sig", kid: await calculateJwkThumbprint(jwk) } }
}

/** `epoch` tells the tokens of this server from those of others, before a reset or at another port, say. */
export const make = (issuer: string, { accessTokens, claims }: Behavior, epoch: string | undefined): AccessTokens => {
  const idOf = ({ number }: Terms) => `token-${number}${epoch === undefined ? "" : `-${epoch}`}`
  // Made when it is needed first: RSA keys take their time.
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
          return new SignJWT({ ...claimsOf(issuer, idOf(terms), terms), ...claims })
            .setProtectedHeader({ alg: algorithm, typ: "at+jwt", kid: jwk.kid })
            .sign(privateKey)
        }),
    jwks: accessTokens === "opaque"
      ? Effect.succeed({ keys: [] })
      : Effect.map(Effect.promise(key), ({ jwk }) => ({ keys: [jwk] }))
  }
}
