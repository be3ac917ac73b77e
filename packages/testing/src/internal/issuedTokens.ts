/**
 * The tokens that the authorization server issued: their numbers, their lifetime, their revocation (RFC 7009) and what is
 * reported of them (RFC 7662).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import type * as accessToken from "./accessToken.js"
import type { Behavior } from "./behavior.js"
import { confirmation } from "./jwtProfiles.js"
import type { Issued } from "./models.js"
import type { Passed } from "./passed.js"

export type Verdict = { readonly _tag: "Active"; readonly token: Issued } | { readonly _tag: "Inactive" }

export interface IssuedTokens {
  readonly all: Effect.Effect<ReadonlyArray<Issued>>
  /** Issues the next token. */
  readonly add: (terms: Omit<Issued, "number" | "value" | "revoked">) => Effect.Effect<Issued>
  readonly revoke: (chosen: (token: Issued) => boolean) => Effect.Effect<void>
  readonly verify: (value: string) => Effect.Effect<Verdict>
}

export const hasValue = (value: string) => (token: Issued): boolean => Redacted.value(token.value) === value

const isActive = ({ expiresAt, revoked }: Issued, now: number): boolean => !revoked && now < expiresAt

/** The valid token that a server with one per client issues again. */
export const reissued = (all: ReadonlyArray<Issued>, terms: Omit<Issued, "number" | "value" | "revoked">) =>
  all.filter((token) =>
    isActive(token, terms.issuedAt) && token.clientId === terms.clientId && token.thumbprint === terms.thumbprint &&
    token.certificate === terms.certificate && token.subject === terms.subject &&
    token.scope.join(" ") === terms.scope.join(" ") && token.audience.join(" ") === terms.audience.join(" ")
  ).at(-1)

export const make = (values: accessToken.AccessTokens, passed: Passed): Effect.Effect<IssuedTokens> =>
  Effect.map(Ref.make<ReadonlyArray<Issued>>([]), (issued) => {
    // A number is taken before its value is made, since signing takes time.
    let last = 0
    return {
      all: Ref.get(issued),
      add: (terms) =>
        Effect.gen(function*() {
          const number = last += 1
          const value = Redacted.make(yield* values.value({ number, ...terms }))
          const token: Issued = { number, value, revoked: false, ...terms }
          yield* Ref.update(issued, (all) => [...all, token].sort((one, other) => one.number - other.number))
          return token
        }),
      revoke: (chosen) => Ref.update(issued, (all) => all.map((one) => chosen(one) ? { ...one, revoked: true } : one)),
      verify: (value) =>
        Effect.zipWith(Ref.get(issued), Clock.currentTimeMillis, (all, now) => {
          const token = all.find(hasValue(value))
          return token !== undefined && isActive(token, now + passed())
            ? { _tag: "Active", token }
            : { _tag: "Inactive" }
        })
    }
  })

const typeOf = ({ thumbprint }: Issued) => thumbprint === undefined ? "Bearer" : "DPoP"

/** The member `expires_in`. A fraction that is not zero, since JSON writes 3600.0 as an integer. */
const life = (expiresIn: Behavior["expiresIn"], { expiresAt }: Issued, now: number, passed: Passed) => {
  const seconds = Math.max(0, Math.floor((expiresAt - now) / 1000))
  const end = expiresAt - passed()
  switch (expiresIn) {
    case "number":
      return { expires_in: seconds }
    case "float":
      return { expires_in: Math.max(0, seconds - 0.25) }
    case "string":
      return { expires_in: String(seconds) }
    case "time":
      return { expires_in: Math.floor(end / 1000) }
    case "date":
      return { expires_in: new Date(end).toISOString() }
    case "none":
      return {}
  }
}

/** The members of a token response (RFC 6749 section 5.1). */
export const response = (
  { envelope, expiresIn, members, statesScope, tokenType }: Behavior,
  { now, passed, token, type }: {
    readonly token: Issued
    /** The type that a token exchange states (RFC 8693 section 2.2.1). */
    readonly type: string | undefined
    readonly now: number
    readonly passed: Passed
  }
): Readonly<Record<string, unknown>> => {
  const scheme = token.thumbprint === undefined ? tokenType : "DPoP"
  const all = {
    access_token: Redacted.value(token.value),
    ...(type === undefined ? {} : { issued_token_type: type }),
    ...(scheme === null ? {} : { token_type: scheme }),
    ...life(expiresIn, token, now, passed),
    ...(token.scope.length === 0 || !statesScope ? {} : { scope: token.scope.join(" ") }),
    ...members
  }
  return envelope === undefined ? all : { [envelope]: all }
}

/** The members of an introspection response (RFC 7662 section 2.2). */
export const introspection = (verdict: Verdict, passed: Passed) => {
  if (verdict._tag === "Inactive") return { active: false }
  const { token } = verdict
  return {
    active: true,
    client_id: token.clientId,
    token_type: typeOf(token),
    iat: Math.floor((token.issuedAt - passed()) / 1000),
    exp: Math.floor((token.expiresAt - passed()) / 1000),
    ...(token.scope.length === 0 ? {} : { scope: token.scope.join(" ") }),
    ...(token.subject === undefined ? {} : { sub: token.subject }),
    ...confirmation(token)
  }
}
