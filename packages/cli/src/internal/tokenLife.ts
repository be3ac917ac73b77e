/**
 * The lifetime of tokens that are passed to other programs, which cannot refresh them.
 */
import { defaultWindowRules, windows } from "../../../client-credentials/dist/internal/token/windows.js"

export interface Token {
  readonly requestedAt: number
  readonly expiresAt: number
}

const lifeOf = ({ expiresAt, requestedAt }: Token): number => Math.max(0, expiresAt - requestedAt)

/** The time from which a long-running process refreshes a token, by the defaults of the library. */
const refreshFrom = (token: Token): number =>
  windows(defaultWindowRules, token, { wall: token.requestedAt, steady: 0 }, 0).refreshFrom.wall

/** Returns true if no token of this server is valid for so long. */
export const isUnreachable = (token: Token, minLife: number): boolean => minLife >= lifeOf(token)

/** Returns true if another token is to be requested. */
export const isDue = (token: Token, now: number, minLife = 0): boolean =>
  now >= refreshFrom(token) || (token.expiresAt - now < minLife && !isUnreachable(token, minLife))
