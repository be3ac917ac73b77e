/**
 * Tokens that were issued to this process. Detects a client that is built repeatedly for the same token request, which
 * requests a token each time although the previous one is still valid.
 *
 * Keeps no tokens and no credentials, only the key of a request, the expiry of its token, and weak references.
 */

interface Issued<T extends object> {
  /** Object that requested the token. */
  readonly owner: WeakRef<object>
  readonly token: WeakRef<T>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** Moment before which nothing is reported again, in milliseconds since the epoch. */
  readonly quietUntil: number
}

export interface Issue<T extends object> {
  readonly owner: object
  /** Key that is equal for equal requests only. */
  readonly key: string
  readonly token: T
  /** True if the owner had no token before. */
  readonly isFirst: boolean
  /** Milliseconds since the epoch, by that clock. */
  readonly now: number
}

export interface Duplicates<T extends object> {
  /**
   * Records a token. Returns the expiry of a token that was issued to another client of this process for the same request,
   * if that token is still valid; at most once in the lifetime of a token.
   */
  readonly note: (clock: object, issue: Issue<T>) => number | undefined
  /** Removes a revoked token, so that the next one is not reported as a duplicate. */
  readonly forget: (clock: object, token: T) => void
  readonly size: (clock: object) => number
}

/** Number of requests that are kept. A process with more of them detects only duplicates in quick succession. */
const maxRequests = 1000

export const make = <T extends { readonly expiresAt: number }>(
  isSame: (one: T, other: T) => boolean
): Duplicates<T> => {
  // Moments of different clocks cannot be compared: each test has a separate clock.
  const byClock = new WeakMap<object, Map<string, Issued<T>>>()

  const issuedBy = (clock: object): Map<string, Issued<T>> => {
    const known = byClock.get(clock) ?? new Map<string, Issued<T>>()
    byClock.set(clock, known)
    return known
  }

  return {
    note: (clock, { isFirst, key, now, owner, token }) => {
      // Workers have weak references only from a certain compatibility date.
      if (!("WeakRef" in globalThis)) return undefined
      const issued = issuedBy(clock)
      const known = issued.get(key)
      const isReported = known !== undefined && isFirst && known.expiresAt > now && known.owner.deref() !== owner &&
        known.quietUntil <= now
      issued.delete(key)
      issued.set(key, {
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
    },
    forget: (clock, token) => {
      const issued = issuedBy(clock)
      for (const [key, one] of issued) {
        const known = one.token.deref()
        if (known !== undefined && isSame(known, token)) issued.delete(key)
      }
    },
    size: (clock) => issuedBy(clock).size
  }
}
