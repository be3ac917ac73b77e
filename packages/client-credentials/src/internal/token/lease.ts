/**
 * Rules of the lease, which lets one process at a time request the shared token.
 */

/** Lease of a key. Times are in milliseconds since the epoch. */
export interface Lease {
  readonly owner: string
  readonly until: number
}

/** Returns whether an owner may take the lease now: no other owner has a lease that has not ended. */
export const isFree = (lease: Lease | undefined, owner: string, now: number): boolean =>
  lease === undefined || lease.owner === owner || now >= lease.until

/**
 * Returns the remaining time in milliseconds of a lease that a process wrote by its own clock. A lease that would last much
 * longer than its lifetime comes from a clock that was wrong, and is ignored: at worst, one more token is requested.
 */
export const leftOf = ({ life, until }: { readonly until: number; readonly life: number }, now: number): number =>
  until - now <= 10 * life ? Math.max(0, until - now) : 0

/** A token in the store and the token that it would replace. */
export interface Candidate {
  /** True if the token is usable by the rule of the cache that requests it. */
  readonly isUsable: boolean
  readonly expiresAt: number
  readonly replaces: { readonly isSame: boolean; readonly expiresAt: number } | undefined
  readonly isRenewal: boolean
}

/**
 * Returns whether the token in the store is used instead of requesting one. It must be usable and differ from the token to
 * be replaced; on a refresh, it must also expire later.
 */
export const isTakenOver = ({ expiresAt, isRenewal, isUsable, replaces }: Candidate): boolean =>
  isUsable && (replaces === undefined || (!replaces.isSame && (!isRenewal || expiresAt > replaces.expiresAt)))

/** Maximum pause between two reads of the store, in milliseconds. */
const longestPause = 2000

/**
 * Returns the pause in milliseconds before the next read of the store, after this many reads. Pauses grow by half each time,
 * which bounds the cost of a long wait, and vary by up to a quarter, so that waiting processes do not read simultaneously.
 * The random number is from 0 to 1.
 */
export const pollPause = (pollEvery: number, looks: number, random: number): number =>
  Math.min(pollEvery * 1.5 ** looks, Math.max(pollEvery, longestPause)) * (0.75 + random / 2)
