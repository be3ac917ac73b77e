/**
 * The text of a token in the store, before it is sealed.
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import { AccessToken } from "../../AccessToken.js"
import { Moment } from "./moment.js"

const Kept = Schema.parseJson(Schema.Struct({
  /** RFC 6750 section 2.1 is narrower; what matters is that it is one word of a header. */
  value: Schema.String.pipe(Schema.pattern(/^[\x21-\x7e]+$/)),
  type: Schema.Literal("Bearer", "DPoP"),
  scope: Schema.NullOr(Schema.Array(Schema.String)),
  requestedAt: Moment,
  expiresAt: Moment,
  members: Schema.optional(Schema.String)
}))

export const encode = (token: AccessToken): string =>
  JSON.stringify({
    value: Redacted.value(token.value),
    type: token.type ?? "Bearer",
    scope: token.scope ?? null,
    requestedAt: token.requestedAt,
    expiresAt: token.expiresAt,
    ...(token.members === undefined ? {} : { members: Redacted.value(token.members) })
  })

export const decode = (text: string): Option.Option<AccessToken> =>
  Option.map(
    Schema.decodeOption(Kept)(text),
    ({ members, scope, value, ...rest }) =>
      new AccessToken({
        ...rest,
        value: Redacted.make(value),
        scope: scope ?? undefined,
        ...(members === undefined ? {} : { members: Redacted.make(members) })
      })
  )

/** The placeholder of a token that was removed, so that the generation of its entry goes on counting. */
export const tombstone = new AccessToken({
  value: Redacted.make("tombstone"),
  scope: undefined,
  requestedAt: 0,
  expiresAt: 0
})

export const isTombstone = ({ expiresAt, requestedAt }: AccessToken): boolean => expiresAt <= requestedAt
