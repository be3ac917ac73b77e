/**
 * What a fleet remembers of a failure, so that not each of its processes has to find out for itself.
 */
import * as Schema from "effect/Schema"

import {
  InvalidTokenResponse,
  TokenEndpointUnavailable,
  type TokenError,
  TokenErrorResponse,
  withRetryAfter
} from "../../OAuthError.js"
import { obeyed } from "../protocol/retryAfter.js"
import * as tokenErrors from "../seam/tokenErrors.js"
import { Moment } from "./moment.js"

/** Those that the server, or the way to it, is the reason of; the others are a process's own. */
const Failure = Schema.Union(TokenErrorResponse, InvalidTokenResponse, TokenEndpointUnavailable)

export const CoolDown = Schema.parseJson(Schema.Struct({
  until: Moment,
  /** In a row. */
  failures: Schema.NonNegativeInt,
  error: Failure
}))

export type CoolDown = typeof CoolDown.Type

const isShared = Schema.is(Failure)

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
export const told = ({ error, until }: CoolDown, now: number): TokenError => withRetryAfter(error, until - now)
