/**
 * Tokens of other issuers that clients present: assertions (RFC 7523 section 2.1) and subjects of a token exchange (RFC 8693).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { createLocalJWKSet, type JWK, jwtVerify } from "jose"

import type { Behavior } from "./behavior.js"
import { claimsOf } from "./clientAssertion.js"
import { type ErrorResponse, reject } from "./errorResponse.js"
import type { IssuedTokens } from "./issuedTokens.js"

/** An issuer whose tokens clients may present. */
export interface TrustedIssuer {
  /** The `iss` claim of its tokens. */
  readonly issuer: string
  /** Its public keys. */
  readonly keys: ReadonlyArray<JWK>
  /** The audiences of which its tokens must have one. Default: the issuer and the token endpoint of the server. */
  readonly audiences?: ReadonlyArray<string> | undefined
  /** The subjects (`sub`) that may present tokens. Default: any. */
  readonly subjects?: ReadonlyArray<string> | undefined
}

export const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

export const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`

export const accessTokenType = tokenType("access_token")

const jwtTypes = [tokenType("jwt"), tokenType("id_token"), accessTokenType]

/** The subject of a token, or the problem for which it is not accepted. */
type Verified =
  | { readonly _tag: "Valid"; readonly subject: string }
  | { readonly _tag: "Invalid"; readonly problem: string }

const invalid = (problem: string): Verified => ({ _tag: "Invalid", problem })

/** Creates the verification of JWTs of these issuers. */
const verification =
  (trusted: ReadonlyArray<TrustedIssuer>, ownAudiences: ReadonlyArray<string>) =>
  (jwt: string): Effect.Effect<Verified> =>
    Effect.gen(function*() {
      const claims = claimsOf(jwt)
      if (claims === undefined) return invalid("it is not a JWT")
      const found = trusted.find(({ issuer }) => issuer === claims["iss"])
      if (found === undefined) return invalid(`its issuer ${String(claims["iss"])} is not trusted`)
      const currentDate = new Date(yield* Clock.currentTimeMillis)
      const { audiences = ownAudiences, issuer, keys, subjects } = found
      const options = { audience: [...audiences], issuer, currentDate, requiredClaims: ["exp", "sub"] }
      return yield* Effect.promise(async () => {
        try {
          const { payload: { sub = "" } } = await jwtVerify(jwt, createLocalJWKSet({ keys: [...keys] }), options)
          return subjects === undefined || subjects.includes(sub)
            ? { _tag: "Valid", subject: sub } as const
            : invalid(`its subject ${sub} is not accepted`)
        } catch (error) {
          return invalid(error instanceof Error ? error.message : "it is not a JWT")
        }
      })
    })

/** Creates the rules of one server. */
export const make = (
  { assertionAudiences }: Behavior,
  { issuer, tokenUrl, tokens, trusted }: {
    readonly issuer: string
    readonly tokenUrl: string
    readonly trusted: ReadonlyArray<TrustedIssuer>
    readonly tokens: Pick<IssuedTokens, "verify">
  }
) => {
  const verifyJwt = verification(trusted, assertionAudiences.map((name) => name === "issuer" ? issuer : tokenUrl))

  /** Verifies a token of a type: a JWT of a trusted issuer, or an access token of this server. */
  const verify = (value: string, type: string): Effect.Effect<Verified> =>
    Effect.gen(function*() {
      if (type === accessTokenType) {
        const verdict = yield* tokens.verify(value)
        if (verdict._tag === "Active") {
          return { _tag: "Valid", subject: verdict.token.subject ?? verdict.token.clientId }
        }
      }
      return yield* verifyJwt(value)
    })

  const exchanged = (parameters: ReadonlyMap<string, string>, name: "subject" | "actor") =>
    Effect.gen(function*() {
      const [value, type] = [parameters.get(`${name}_token`), parameters.get(`${name}_token_type`)]
      if (value === undefined || type === undefined) {
        return yield* reject("malformed", `The request has no ${name}_token, or no ${name}_token_type.`)
      }
      if (!jwtTypes.includes(type)) {
        return yield* reject("malformed", `The ${name}_token_type ${type} is not supported.`)
      }
      const verified = yield* verify(value, type)
      return verified._tag === "Valid"
        ? verified.subject
        : yield* reject("wrongSubjectToken", `The ${name}_token is not accepted: ${verified.problem}.`)
    })

  return {
    /** The grants that the server supports. */
    grants: ["client_credentials", ...(trusted.length === 0 ? [] : [jwtBearer, tokenExchange])],
    /** Returns the subject of the token that a request presents; undefined for client credentials. */
    subjectOf: (
      type: string,
      parameters: ReadonlyMap<string, string>
    ): Effect.Effect<string | undefined, ErrorResponse> =>
      Effect.gen(function*() {
        if (type === jwtBearer) {
          const assertion = parameters.get("assertion")
          if (assertion === undefined) return yield* reject("malformed", "The request has no assertion.")
          const verified = yield* verifyJwt(assertion)
          return verified._tag === "Valid"
            ? verified.subject
            : yield* reject("wrongAssertion", `The assertion is not accepted: ${verified.problem}.`)
        }
        if (type !== tokenExchange) return undefined
        const requested = parameters.get("requested_token_type") ?? accessTokenType
        if (requested !== accessTokenType) {
          return yield* reject("malformed", `The requested_token_type ${requested} is not supported.`)
        }
        const subject = yield* exchanged(parameters, "subject")
        if (parameters.has("actor_token")) yield* exchanged(parameters, "actor")
        return subject
      })
  }
}
