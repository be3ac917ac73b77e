/**
 * The tokens that the authorization server issued: their numbers, their life, their revocation (RFC 7009) and what is
 * reported of them (RFC 7662).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import type { Issued } from "./models.js"

export type Verdict = { readonly _tag: "Active"; readonly token: Issued } | { readonly _tag: "Inactive" }

export interface IssuedTokens {
  readonly all: Effect.Effect<ReadonlyArray<Issued>>
  /** Issues the next token. */
  readonly add: (terms: Omit<Issued, "number" | "value" | "revoked">) => Effect.Effect<Issued>
  readonly revoke: (chosen: (token: Issued) => boolean) => Effect.Effect<void>
  readonly verify: (value: string) => Effect.Effect<Verdict>
}

export const hasValue = (value: string) => (token: Issued): boolean => Redacted.value(token.value) === value

export const make: Effect.Effect<IssuedTokens> = Effect.map(Ref.make<ReadonlyArray<Issued>>([]), (issued) => ({
  all: Ref.get(issued),
  add: (terms) =>
    Ref.modify(issued, (all) => {
      const number = all.length + 1
      const token: Issued = { number, value: Redacted.make(`token-${number}`), revoked: false, ...terms }
      return [token, [...all, token]]
    }),
  revoke: (chosen) => Ref.update(issued, (all) => all.map((one) => chosen(one) ? { ...one, revoked: true } : one)),
  verify: (value) =>
    Effect.zipWith(Ref.get(issued), Clock.currentTimeMillis, (all, now) => {
      const token = all.find(hasValue(value))
      return token !== undefined && !token.revoked && now < token.expiresAt
        ? { _tag: "Active", token }
        : { _tag: "Inactive" }
    })
}))

const typeOf = ({ thumbprint }: Issued) => thumbprint === undefined ? "Bearer" : "DPoP"

/** The members of a token response (RFC 6749 section 5.1). */
export const response = (token: Issued, now: number) => ({
  access_token: Redacted.value(token.value),
  token_type: typeOf(token),
  expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
  ...(token.scope.length === 0 ? {} : { scope: token.scope.join(" ") })
})

/** The members of an introspection response (RFC 7662 section 2.2). */
export const introspection = (verdict: Verdict) => {
  if (verdict._tag === "Inactive") return { active: false }
  const { token } = verdict
  return {
    active: true,
    client_id: token.clientId,
    token_type: typeOf(token),
    iat: Math.floor(token.issuedAt / 1000),
    exp: Math.floor(token.expiresAt / 1000),
    ...(token.scope.length === 0 ? {} : { scope: token.scope.join(" ") }),
    ...(token.thumbprint === undefined ? {} : { cnf: { jkt: token.thumbprint } })
  }
}
