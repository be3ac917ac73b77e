/**
 * Token as stored.
 */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import { AccessToken } from "../../AccessToken.js"
import { tokenValue } from "../protocol/tokenResponse.js"
import { Moment } from "./moment.js"

export const Kept = Schema.Struct({
  value: Schema.String.pipe(Schema.pattern(tokenValue)),
  type: Schema.Literal("Bearer", "DPoP"),
  scope: Schema.NullOr(Schema.Array(Schema.String)),
  requestedAt: Moment,
  expiresAt: Moment,
  members: Schema.optional(Schema.String)
})

type Kept = typeof Kept.Type

export const toKept = (token: AccessToken): Kept => ({
  value: Redacted.value(token.value),
  type: token.type ?? "Bearer",
  scope: token.scope ?? null,
  requestedAt: token.requestedAt,
  expiresAt: token.expiresAt,
  ...(token.members === undefined ? {} : { members: Redacted.value(token.members) })
})

export const fromKept = ({ members, scope, value, ...rest }: Kept): AccessToken =>
  new AccessToken({
    ...rest,
    value: Redacted.make(value),
    scope: scope ?? undefined,
    ...(members === undefined ? {} : { members: Redacted.make(members) })
  })

/** Returns the token with its times on a clock that differs by this many milliseconds. */
export const shifted = (token: AccessToken, by: number): AccessToken =>
  by === 0
    ? token
    : new AccessToken({ ...token, requestedAt: token.requestedAt + by, expiresAt: token.expiresAt + by })
