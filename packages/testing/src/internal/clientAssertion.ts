/**
 * Client assertions (RFC 7523 section 3).
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createLocalJWKSet, decodeJwt, jwtVerify } from "jose"

import type { Behavior } from "./behavior.js"
import type { Client } from "./models.js"

/** RFC 7523 section 2.2. */
export const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/** The client that an assertion is of, as far as it states one. */
export const subjectOf = (jwt: string): string | undefined => {
  try {
    return decodeJwt(jwt).sub
  } catch {
    return undefined
  }
}

export type Assertion =
  | { readonly _tag: "Valid"; readonly jti: string }
  | { readonly _tag: "Invalid"; readonly problem: string }

const verifyAssertion = async (
  assertion: string,
  client: Client,
  { audience, life, now }: { readonly audience: Array<string>; readonly life: number; readonly now: number }
): Promise<Assertion> => {
  const options = {
    audience,
    issuer: client.id,
    subject: client.id,
    currentDate: new Date(now),
    requiredClaims: ["exp", "jti"]
  }
  try {
    const { payload: { exp = 0, jti } } = client.keys !== undefined
      ? await jwtVerify(assertion, createLocalJWKSet({ keys: [...client.keys] }), options)
      : await jwtVerify(assertion, new TextEncoder().encode(client.secret), options)
    return exp * 1000 > now + life
      ? { _tag: "Invalid", problem: `it expires later than ${life / 1000} seconds from now` }
      : { _tag: "Valid", jti: jti ?? "" }
  } catch (error) {
    return { _tag: "Invalid", problem: error instanceof Error ? error.message : "it is not a JWT" }
  }
}

/** Creates the verification of one server, which remembers the assertions that it has received. */
export const make = (
  { assertionAudiences, assertionLife }: Behavior,
  { issuer, tokenUrl }: { readonly issuer: string; readonly tokenUrl: string }
) => {
  const seen = new Set<string>()
  const life = Duration.toMillis(assertionLife)
  const audience = assertionAudiences.map((name) => name === "issuer" ? issuer : tokenUrl)
  return (assertion: string, client: Client): Effect.Effect<Assertion> =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const verified = yield* Effect.promise(() => verifyAssertion(assertion, client, { audience, life, now }))
      if (verified._tag === "Invalid") return verified
      // RFC 7523 section 3: an assertion may be used once.
      if (seen.has(verified.jti)) return { _tag: "Invalid", problem: "it was used before" }
      seen.add(verified.jti)
      return verified
    })
}
