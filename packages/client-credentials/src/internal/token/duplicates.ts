/**
 * Which tokens this process was issued, so that a client which is built again and again for the same token request is
 * noticed: each time it requests a token while the one before is still valid.
 *
 * No token and no credential is kept: a request, when its token expires, and weak references.
 */
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"

import type { AccessToken } from "../../AccessToken.js"
import { TokenRequest } from "../../TokenRequest.js"

interface Issued {
  readonly request: TokenRequest
  /** What requested the token. */
  readonly owner: WeakRef<object>
  readonly token: WeakRef<AccessToken>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** No further report before. */
  readonly quietUntil: number
}

/** Requests that are kept; a process with more of them notices only those that follow each other closely. */
const maxRequests = 1000

// Moments of different clocks cannot be compared: a test has a clock of its own.
const byClock = new WeakMap<object, Map<number, Issued>>()

const issuedBy = (clock: object): Map<number, Issued> => {
  const known = byClock.get(clock)
  if (known !== undefined) return known
  const none = new Map<number, Issued>()
  byClock.set(clock, none)
  return none
}

/** Each client has its own proof key, which is not what tells the requests of a program apart. */
const unbound = (request: TokenRequest): TokenRequest =>
  request.dpopThumbprint === undefined ? request : new TokenRequest({ ...request, dpopThumbprint: undefined })

export interface Issue {
  readonly owner: object
  readonly request: TokenRequest
  readonly token: AccessToken
  /** Whether the owner had no token before. */
  readonly isFirst: boolean
  /** Milliseconds since the epoch, by that clock. */
  readonly now: number
}

/**
 * Notes a token. Returns when the token expires that another client of this process was issued for the same request, if
 * that token is still valid: once in the life of a token.
 */
export const note = (clock: object, { isFirst, now, owner, request, token }: Issue): number | undefined => {
  const issued = issuedBy(clock)
  const wanted = unbound(request)
  const key = Hash.hash(wanted)
  const last = issued.get(key)
  const known = last !== undefined && Equal.equals(last.request, wanted) ? last : undefined
  const isDuplicate = isFirst && known !== undefined && known.expiresAt > now && known.owner.deref() !== owner
  const isReported = isDuplicate && known.quietUntil <= now
  issued.delete(key)
  issued.set(key, {
    request: wanted,
    owner: new WeakRef(owner),
    token: new WeakRef(token),
    expiresAt: token.expiresAt,
    quietUntil: isReported ? token.expiresAt : known?.quietUntil ?? 0
  })
  for (const oldest of issued.keys()) {
    if (issued.size <= maxRequests) break
    issued.delete(oldest)
  }
  return isReported ? known.expiresAt : undefined
}

/** Forgets a token that was revoked, so that the next one is not taken for a second one. */
export const forget = (clock: object, token: AccessToken): void => {
  const issued = issuedBy(clock)
  for (const [key, { token: known }] of issued) {
    const value = known.deref()?.value
    if (value !== undefined && Equal.equals(value, token.value)) issued.delete(key)
  }
}

export const size = (clock: object): number => issuedBy(clock).size
