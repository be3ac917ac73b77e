/** Tokens and rules for the tests of the rules of the token lifecycle: plain values. */
import type * as cachedToken from "../../src/internal/token/cachedToken.js"

export const minute = 60_000

export interface Token {
  readonly value: string
  readonly requestedAt: number
  readonly expiresAt: number
}

export const token = (name: number, requestedAt: number, life: number): Token => ({
  value: `token-${name}`,
  requestedAt,
  expiresAt: requestedAt + life
})

export type State = cachedToken.State<Token, string, number>

export type Decision = cachedToken.Decision<Token, string, number>

export type Failure = cachedToken.Failure<string>

export const unavailable: Failure = { error: "unavailable", retryable: true, isReserved: false }

export const wrongSecret: Failure = { error: "wrong secret", retryable: false, isReserved: false }

/** The defaults of the token cache. */
export const rules: cachedToken.Rules<Token> = {
  refreshBefore: 5 * minute,
  refreshFraction: 1 / 5,
  expiryBuffer: 10_000,
  expiryBufferFraction: 1 / 10,
  retryTimeout: 5000,
  rejectionPauses: [minute, 10 * minute, 120 * minute, 720 * minute],
  isSame: (one, other) => one.value === other.value
}
