/**
 * What a fleet remembers of a failure, so that not each of its processes has to find out for itself.
 */
import * as Schema from "effect/Schema"

import {
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../../OAuthError.js"
import { obeyed } from "../protocol/retryAfter.js"
import * as tokenErrors from "../seam/tokenErrors.js"
import { Moment } from "./moment.js"

/** Those that the server, or the way to it, is the reason of; the others are a process's own. */
type Failure = TokenErrorResponse | InvalidTokenResponse | TokenEndpointUnavailable

const retryAfter = Schema.optional(Schema.Duration)

const quotas = Schema.optional(Schema.Array(Schema.Struct({
  name: Schema.String,
  counts: Schema.Literal("client", "organization"),
  limit: Schema.Int,
  remaining: Schema.Int,
  resetsAt: Moment
})))

/** A failure by its fields, as the store keeps it. */
const Fields = Schema.Union(
  Schema.TaggedStruct("TokenErrorResponse", {
    endpoint: Schema.String,
    status: Schema.Int,
    error: Schema.String,
    errorDescription: Schema.optional(Schema.String),
    errorUri: Schema.optional(Schema.String),
    hint: Schema.optional(Schema.String),
    retryAfter,
    quotas
  }),
  Schema.TaggedStruct("InvalidTokenResponse", {
    endpoint: Schema.String,
    status: Schema.Int,
    problem: Schema.String,
    quotas
  }),
  Schema.TaggedStruct("TokenEndpointUnavailable", {
    endpoint: Schema.String,
    reason: Schema.Literal("connection", "certificate", "timeout", "status", "client"),
    detail: Schema.String,
    retryAfter,
    quotas
  })
)

const isShared = (error: unknown): error is Failure =>
  error instanceof TokenErrorResponse || error instanceof InvalidTokenResponse ||
  error instanceof TokenEndpointUnavailable

const fromFields = (fields: typeof Fields.Type): Failure => {
  switch (fields._tag) {
    case "TokenErrorResponse":
      return new TokenErrorResponse(fields)
    case "InvalidTokenResponse":
      return new InvalidTokenResponse(fields)
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable(fields)
  }
}

const Failure = Schema.transform(Fields, Schema.declare(isShared), {
  strict: true,
  decode: fromFields,
  encode: (error) => ({ ...error })
})

export const CoolDown = Schema.parseJson(Schema.Struct({
  until: Moment,
  /** In a row. */
  failures: Schema.NonNegativeInt,
  error: Failure
}))

export type CoolDown = typeof CoolDown.Type

/** From half a second, doubled, up to a minute; or as long as the server says, up to an hour. */
export const after = (error: TokenError, before: CoolDown | undefined, now: number): CoolDown | undefined => {
  if (!isShared(error)) return undefined
  const failures = (before?.failures ?? 0) + 1
  return {
    until: now + Math.max(Math.min(500 * 2 ** (failures - 1), 60_000), obeyed(tokenErrors.retryAfterOf(error))),
    failures,
    error
  }
}

/** The failure as it is told to those who come during the pause. */
export const told = ({ error, until }: CoolDown, now: number): TokenError =>
  tokenErrors.withRetryAfter(error, until - now)
