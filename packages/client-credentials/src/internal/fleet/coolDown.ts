/**
 * Failure of a token request as stored, so that all processes that share the store pause together and detect an outage by
 * one request.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

import {
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse
} from "../../OAuthError.js"
import { isOfServer, type OfServer, retryAfterOf, withRetryAfter } from "../models/tokenErrors.js"
import { maxSkew } from "../token/instant.js"
import { Moment } from "./moment.js"

/** Fields of an error that processes share. Its pause and quotas are stored elsewhere. */
export const Kept = Schema.Struct({
  from: Moment,
  until: Moment,
  requiredUntil: Moment,
  failures: Schema.NonNegativeInt,
  error: Schema.Union(
    Schema.TaggedStruct("TokenErrorResponse", {
      endpoint: Schema.String,
      status: Schema.Int,
      error: Schema.String,
      errorDescription: Schema.optional(Schema.String),
      errorUri: Schema.optional(Schema.String),
      hint: Schema.optional(Schema.String)
    }),
    Schema.TaggedStruct("InvalidTokenResponse", {
      endpoint: Schema.String,
      status: Schema.Int,
      problem: Schema.String
    }),
    Schema.TaggedStruct("TokenEndpointUnavailable", {
      endpoint: Schema.String,
      reason: Schema.Literal("connection", "certificate", "timeout", "status", "client"),
      detail: Schema.String
    })
  )
})

type Kept = typeof Kept.Type

type Fields = Kept["error"]

export interface CoolDown {
  /** Time of the failure in milliseconds since the epoch. */
  readonly from: number
  /** End of the pause in milliseconds since the epoch. */
  readonly until: number
  /** End of the pause that the server requires (`Retry-After`), in milliseconds since the epoch; `from` if it requires none. */
  readonly requiredUntil: number
  /** Number of consecutive token requests that failed. */
  readonly failures: number
  readonly error: OfServer
}

const fieldsOf = (error: OfServer): Fields => {
  switch (error._tag) {
    case "TokenErrorResponse": {
      const { _tag, endpoint, error: code, errorDescription, errorUri, hint, status } = error
      return { _tag, endpoint, status, error: code, errorDescription, errorUri, hint }
    }
    case "InvalidTokenResponse": {
      const { _tag, endpoint, problem, status } = error
      return { _tag, endpoint, status, problem }
    }
    case "TokenEndpointUnavailable": {
      const { _tag, detail, endpoint, reason } = error
      return { _tag, endpoint, reason, detail }
    }
  }
}

const fromFields = (fields: Fields): OfServer => {
  switch (fields._tag) {
    case "TokenErrorResponse":
      return new TokenErrorResponse(fields)
    case "InvalidTokenResponse":
      return new InvalidTokenResponse(fields)
    case "TokenEndpointUnavailable":
      return new TokenEndpointUnavailable(fields)
  }
}

export const toKept = ({ error, ...rest }: CoolDown): Kept => ({ ...rest, error: fieldsOf(error) })

export const fromKept = ({ error, ...rest }: Kept): CoolDown => ({ ...rest, error: fromFields(error) })

/**
 * Returns the cool-down after a failure, given the previous cool-down; undefined for a failure that concerns this process
 * only. `pauseAfter` is the back-off rule: the pause in milliseconds after this many consecutive failures.
 */
export const after = (
  error: TokenError,
  before: CoolDown | undefined,
  now: number,
  pauseAfter: (error: TokenError, failures: number) => Effect.Effect<number>
): Effect.Effect<CoolDown | undefined> => {
  if (!isOfServer(error)) return Effect.succeed(undefined)
  const failures = (before?.failures ?? 0) + 1
  return Effect.map(pauseAfter(error, failures), (pause) => ({
    from: now,
    until: now + pause,
    requiredUntil: now + Math.min(pause, retryAfterOf(error) ?? 0),
    failures,
    error
  }))
}

/**
 * Returns the failure for callers during the pause; undefined after the pause, and for a failure in the future. The pause
 * after a failed refresh ends when the token cannot be used any more, at `usableUntil`, but not before the server allows it.
 */
export const failureAt = (
  { error, from, requiredUntil, until }: CoolDown,
  now: number,
  usableUntil: number
): TokenError | undefined => {
  const end = usableUntil > from ? Math.max(requiredUntil, Math.min(until, usableUntil)) : until
  return now < end && from - now <= maxSkew ? withRetryAfter(error, end - now) : undefined
}
