/**
 * Windows of a token's lifetime: refresh, end of use, expiry. All durations are in milliseconds.
 */
import * as instant from "./instant.js"

/** Times of a token that the rules of its lifetime depend on, in milliseconds since the epoch. */
export interface Token {
  readonly requestedAt: number
  readonly expiresAt: number
}

/** Time before its expiry from which a token is no longer used. */
export interface ExpiryBuffer {
  readonly expiryBuffer: number
  readonly expiryBufferFraction: number
}

/** Rules for the refresh of a token and the end of its use. */
export interface WindowRules extends ExpiryBuffer {
  readonly refreshBefore: number
  readonly refreshFraction: number
}

export const defaultExpiryBuffer: ExpiryBuffer = { expiryBuffer: 10_000, expiryBufferFraction: 1 / 10 }

export const defaultWindowRules: WindowRules = {
  refreshBefore: 5 * 60_000,
  refreshFraction: 1 / 5,
  ...defaultExpiryBuffer
}

const lifeOf = (token: Token): number => Math.max(0, token.expiresAt - token.requestedAt)

const bufferOf = ({ expiryBuffer, expiryBufferFraction }: ExpiryBuffer, life: number): number =>
  Math.min(expiryBuffer, life * expiryBufferFraction)

/** Returns the moment until which a token is used, by the wall clock. Applies to cached tokens and to those from a store. */
export const usableUntil = (buffer: ExpiryBuffer) => (token: Token): number =>
  token.expiresAt - bufferOf(buffer, lifeOf(token))

export interface Windows {
  /** Moment from which the token is refreshed in the background. */
  readonly refreshFrom: instant.Instant
  /** Moment from which the token is not returned to callers. */
  readonly usableUntil: instant.Instant
  readonly expires: instant.Instant
  /** Lifetime in milliseconds, counted from the request. */
  readonly life: number
}

/**
 * Returns the windows of a token, given the moment of its request and a jitter from 0 to 1. The jitter moves the refresh
 * within the first half of the refresh window, so that tokens issued together are not refreshed together.
 */
export const windows = (rules: WindowRules, token: Token, sent: instant.Instant, jitter: number): Windows => {
  const life = lifeOf(token)
  const buffer = bufferOf(rules, life)
  const refresh = Math.max(buffer, Math.min(rules.refreshBefore, life * rules.refreshFraction))
  // A token that another process requested is older than the read that returned it from the store.
  const age = Math.max(0, sent.wall - token.requestedAt)
  const requested: instant.Instant = { wall: token.requestedAt, steady: sent.steady - age }
  return {
    refreshFrom: instant.after(requested, life - refresh + jitter * (refresh - buffer) / 2),
    usableUntil: instant.after(requested, life - buffer),
    expires: instant.after(requested, life),
    life
  }
}
