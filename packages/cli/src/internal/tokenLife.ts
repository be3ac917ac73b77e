/**
 * The lifetime of tokens that are passed to other programs, which cannot refresh them.
 */
import { defaultWindowRules } from "../../../client-credentials/dist/internal/token/windows.js"

export interface Token {
  readonly requestedAt: number
  readonly expiresAt: number
}

const lifeOf = ({ expiresAt, requestedAt }: Token): number => Math.max(0, expiresAt - requestedAt)

/** The refresh window of the library by its defaults: a long-running process would refresh such a token. */
const window = (token: Token): number =>
  Math.min(defaultWindowRules.refreshBefore, lifeOf(token) * defaultWindowRules.refreshFraction)

/** Returns true if no token of this server is valid for so long. */
export const isUnreachable = (token: Token, minLife: number): boolean => minLife >= lifeOf(token)

/** Returns true if another token is to be requested. */
export const isDue = (token: Token, now: number, minLife = 0): boolean => {
  const left = token.expiresAt - now
  return left <= window(token) || (left < minLife && !isUnreachable(token, minLife))
}
