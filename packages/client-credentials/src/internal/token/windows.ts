/**
 * The windows of a token's life: when it is refreshed, when it is no longer used, when it expires. Every duration is in
 * milliseconds.
 */
import * as instant from "./instant.js"

/** What the rules of a token's life need of a token: milliseconds since the epoch. */
export interface Token {
  readonly requestedAt: number
  readonly expiresAt: number
}

/** How long before its expiry a token is no longer used. */
export interface ExpiryBuffer {
  readonly expiryBuffer: number
  readonly expiryBufferFraction: number
}

/** When a token is refreshed and when it is no longer used. */
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

/** Whether a token may still be used, by the wall clock: the one rule for cached tokens and for those from a store. */
export const isUsable = (buffer: ExpiryBuffer) => (token: Token, now: number): boolean =>
  now < token.expiresAt - bufferOf(buffer, lifeOf(token))

export interface Windows {
  /** From here on the token is refreshed in the background. */
  readonly refreshFrom: instant.Instant
  /** From here on it is not returned to callers. */
  readonly usableUntil: instant.Instant
  readonly expires: instant.Instant
  /** Milliseconds, from the request on. */
  readonly life: number
}

/**
 * The windows of a token, given when its request was sent and a jitter from 0 to 1, which moves its refresh into the
 * first half of the refresh window, so that tokens issued together are not refreshed together.
 */
export const windows = (rules: WindowRules, token: Token, sent: instant.Instant, jitter: number): Windows => {
  const life = lifeOf(token)
  const buffer = bufferOf(rules, life)
  const refresh = Math.max(buffer, Math.min(rules.refreshBefore, life * rules.refreshFraction))
  // A token that another process requested is older than the read of the store that found it.
  const age = Math.max(0, sent.wall - token.requestedAt)
  const requested: instant.Instant = { wall: token.requestedAt, steady: sent.steady - age }
  return {
    refreshFrom: instant.after(requested, life - refresh + jitter * (refresh - buffer) / 2),
    usableUntil: instant.after(requested, life - buffer),
    expires: instant.after(requested, life),
    life
  }
}
