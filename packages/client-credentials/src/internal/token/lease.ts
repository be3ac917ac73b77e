/**
 * The rules of a lease, by which one process at a time requests the token that all of them share.
 */

/** The lease of a key. Times are in milliseconds since the epoch. */
export interface Lease {
  readonly owner: string
  readonly until: number
}

/** Whether an owner may take the lease now: no other owner has one that has not ended. */
export const isFree = (lease: Lease | undefined, owner: string, now: number): boolean =>
  lease === undefined || lease.owner === owner || now >= lease.until

/**
 * How long a lease that a process wrote by its own clock lasts from now on, in milliseconds. One that would last much longer
 * than the life it was given comes from a clock that was wrong, and stops no process: at worst, one more token is requested.
 */
export const leftOf = ({ life, until }: { readonly until: number; readonly life: number }, now: number): number =>
  now < until && until - now <= 10 * life ? until - now : 0

/** A token in the store, and the one that it would replace. */
export interface Candidate {
  /** By the rule of the cache that requests a token. */
  readonly isUsable: boolean
  readonly expiresAt: number
  readonly replaces: { readonly isSame: boolean; readonly expiresAt: number } | undefined
  readonly isRenewal: boolean
}

/**
 * Whether the token in the store is taken over instead of requesting one. It must be usable and another one than that to be
 * replaced. Nothing is gained by one that expires before the one that is renewed.
 */
export const isTakenOver = ({ expiresAt, isRenewal, isUsable, replaces }: Candidate): boolean =>
  isUsable && (replaces === undefined || (!replaces.isSame && (!isRenewal || expiresAt > replaces.expiresAt)))

/** The longest pause between two looks at the store, in milliseconds. */
const longestPause = 2000

/**
 * How long a process waits before it looks at the store again, after so many looks, in milliseconds: half as long again
 * each time, so that what a wait costs grows slowly with its length; a quarter less to a quarter more, so that processes
 * which wait together do not look together. The random number is from 0 to 1.
 */
export const pollPause = (pollEvery: number, looks: number, random: number): number =>
  Math.min(pollEvery * 1.5 ** looks, Math.max(pollEvery, longestPause)) * (0.75 + random / 2)
