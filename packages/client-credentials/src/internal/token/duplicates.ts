/**
 * The tokens that this process was issued, so that a client which is built again and again for the same token request is
 * noticed: each time it requests a token while the one before is still valid.
 *
 * No token and no credential is kept: the key of a request, when its token expires, and weak references.
 */

interface Issued<T extends object> {
  /** What requested the token. */
  readonly owner: WeakRef<object>
  readonly token: WeakRef<T>
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /** No further report before. */
  readonly quietUntil: number
}

export interface Issue<T extends object> {
  readonly owner: object
  /** The same for equal requests, and for no others. */
  readonly key: string
  readonly token: T
  /** Whether the owner had no token before. */
  readonly isFirst: boolean
  /** Milliseconds since the epoch, by that clock. */
  readonly now: number
}

export interface Duplicates<T extends object> {
  /**
   * Notes a token. Returns when the token expires that another client of this process was issued for the same request, if
   * that token is still valid: once in the life of a token.
   */
  readonly note: (clock: object, issue: Issue<T>) => number | undefined
  /** Forgets a token that was revoked, so that the next one is not taken for a second one. */
  readonly forget: (clock: object, token: T) => void
  readonly size: (clock: object) => number
}

/** Requests that are kept; a process with more of them notices only those that follow each other closely. */
const maxRequests = 1000

export const make = <T extends { readonly expiresAt: number }>(
  isSame: (one: T, other: T) => boolean
): Duplicates<T> => {
  // Moments of different clocks cannot be compared: a test has a clock of its own.
  const byClock = new WeakMap<object, Map<string, Issued<T>>>()

  const issuedBy = (clock: object): Map<string, Issued<T>> => {
    const known = byClock.get(clock) ?? new Map<string, Issued<T>>()
    byClock.set(clock, known)
    return known
  }

  return {
    note: (clock, { isFirst, key, now, owner, token }) => {
      // Workers have weak references by their compatibility date.
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
