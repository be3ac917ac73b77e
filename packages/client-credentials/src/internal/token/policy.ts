/**
 * The rules of a token's life, as numbers: every duration in milliseconds.
 */
import type { AccessToken } from "../../AccessToken.js"
import * as instant from "./instant.js"

export interface Policy {
  readonly refreshBefore: number
  readonly refreshFraction: number
  readonly expiryBuffer: number
  readonly expiryBufferFraction: number
  readonly retryTimeout: number
  readonly requestTimeout: number
  readonly maxRetryAfter: number
  readonly rejectionPauses: readonly [number, ...ReadonlyArray<number>]
  readonly capacity: number
}

/** How long before its expiry a token is no longer used. */
export type ExpiryBuffer = Pick<Policy, "expiryBuffer" | "expiryBufferFraction">

export const defaultExpiryBuffer: ExpiryBuffer = { expiryBuffer: 10_000, expiryBufferFraction: 1 / 10 }

const lifeOf = (token: AccessToken): number => Math.max(0, token.expiresAt - token.requestedAt)

const stopOf = ({ expiryBuffer, expiryBufferFraction }: ExpiryBuffer, life: number): number =>
  Math.min(expiryBuffer, life * expiryBufferFraction)

/** Whether a token may still be used, by the wall clock: the one rule for cached tokens and for those from a store. */
export const isUsable = (buffer: ExpiryBuffer) => (token: AccessToken, now: number): boolean =>
  now < token.expiresAt - stopOf(buffer, lifeOf(token))

/** After the server issued again what it had issued before, and that is of no use any more. */
export const noGainPause = 1000

export interface Windows {
  /** From here on the token is renewed in the background. */
  readonly renewFrom: instant.Instant
  /** From here on it is not handed out. */
  readonly usableUntil: instant.Instant
  readonly expires: instant.Instant
  /** Milliseconds, from the request on. */
  readonly life: number
}

/**
 * Where the windows of a token begin, given when its request was sent and a jitter from 0 to 1, which moves its renewal
 * into the first half of the renewal window, so that tokens issued together are not renewed together.
 */
export const windows = (policy: Policy, token: AccessToken, sent: instant.Instant, jitter: number): Windows => {
  const life = lifeOf(token)
  const stop = stopOf(policy, life)
  const renew = Math.max(stop, Math.min(policy.refreshBefore, life * policy.refreshFraction))
  // One that another process asked for is older than the look at the store that found it.
  const age = Math.max(0, sent.wall - token.requestedAt)
  const requested: instant.Instant = { wall: token.requestedAt, steady: sent.steady - age }
  return {
    renewFrom: instant.after(requested, life - renew + jitter * (renew - stop) / 2),
    usableUntil: instant.after(requested, life - stop),
    expires: instant.after(requested, life),
    life
  }
}
