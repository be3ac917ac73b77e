/**
 * Client assertions (RFC 7523 section 3).
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose"

import type { Behavior } from "./behavior.js"
import type { Client } from "./models.js"

/** RFC 7523 section 2.2. */
export const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** Returns the claims of a JWT, without verifying it; undefined for what is not a JWT. */
export const claimsOf = (jwt: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    return decodeJwt(jwt)
  } catch {
    return undefined
  }
}

export type Assertion =
  | { readonly _tag: "Valid"; readonly jti: string | undefined }
  | { readonly _tag: "Invalid"; readonly problem: string }

const invalid = (problem: string): Assertion => ({ _tag: "Invalid", problem })

interface Rules {
  readonly audience: Array<string>
  readonly algorithms: ReadonlyArray<string>
  readonly claims: ReadonlyArray<string>
  readonly life: number
  readonly skew: number
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

/** Returns the problem of claims whose signature is verified; `jose` has checked `iss`, `sub`, `aud`, `exp` and `nbf`. */
const problemOf = ({ aud, exp = Infinity, iat, jti }: JWTPayload, { life, skew }: Rules, now: number) => {
  if (jti !== undefined && !isText(jti)) return "jti is not a string"
  if (Array.isArray(aud) && !aud.every(isText)) return "aud is not a list of strings"
  if (exp * 1000 > now + life) return `it expires later than ${life / 1000} seconds from now`
  return iat !== undefined && iat * 1000 > now + skew
    ? "it is issued in the future (iat)"
    : undefined
}

/** Returns the keys of a client and the algorithms for them: those of its secret, or of its public keys. */
const verificationOf = ({ keys, secret }: Client, algorithms: ReadonlyArray<string>) => {
  const bySecret = (name: string) => name.startsWith("HS")
  return keys === undefined
    ? { key: new TextEncoder().encode(secret), algorithms: algorithms.filter(bySecret) }
    : { key: createLocalJWKSet({ keys: [...keys] }), algorithms: algorithms.filter((name) => !bySecret(name)) }
}

const verifyAssertion = async (assertion: string, client: Client, rules: Rules, now: number): Promise<Assertion> => {
  try {
    const { algorithms, key } = verificationOf(client, rules.algorithms)
    const { alg = "none" } = decodeProtectedHeader(assertion)
    if (!algorithms.includes(alg)) return invalid(`its algorithm is ${alg}, and must be ${algorithms.join(" or ")}`)
    const options = {
      algorithms,
      audience: rules.audience,
      issuer: client.id,
      subject: client.id,
      currentDate: new Date(now),
      requiredClaims: [...rules.claims]
    }
    const { payload } = typeof key === "function"
      ? await jwtVerify(assertion, key, options)
      : await jwtVerify(assertion, key, options)
    const problem = problemOf(payload, rules, now)
    return problem === undefined ? { _tag: "Valid", jti: payload.jti } : invalid(problem)
  } catch (error) {
    return invalid(error instanceof Error ? error.message : "it is not a JWT")
  }
}

/** Creates the verification of one server, which remembers the assertions that it has received. */
export const make = (
  { assertionAlgorithms, assertionAudiences, assertionBytes, assertionClaims, assertionLife, assertionSkew }: Behavior,
  { issuer, tokenUrl }: { readonly issuer: string; readonly tokenUrl: string }
) => {
  const seen = new Set<string>()
  const rules: Rules = {
    audience: assertionAudiences.map((name) => name === "issuer" ? issuer : tokenUrl),
    algorithms: assertionAlgorithms,
    claims: assertionClaims,
    life: Duration.toMillis(assertionLife),
    skew: Duration.toMillis(assertionSkew)
  }
  return (assertion: string, client: Client): Effect.Effect<Assertion> =>
    Effect.gen(function*() {
      const { length } = new TextEncoder().encode(assertion)
      if (length > assertionBytes) return invalid(`it has ${length} bytes, and may have ${assertionBytes}`)
      const now = yield* Clock.currentTimeMillis
      const verified = yield* Effect.promise(() => verifyAssertion(assertion, client, rules, now))
      if (verified._tag === "Invalid") return verified
      // RFC 7523 section 3: an assertion may be used once. Its id is unique for its issuer.
      if (verified.jti === undefined) return verified
      const used = JSON.stringify([client.id, verified.jti])
      if (seen.has(used)) return invalid("it was used before")
      seen.add(used)
      return verified
    })
}
