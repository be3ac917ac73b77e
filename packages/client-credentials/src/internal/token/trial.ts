/**
 * Infers that a token works from a caller that reports rejections only: it repeats a rejected call once, and reports neither
 * the success of a call nor the rejection of a repeated one.
 */

export interface Trial<T> {
  /** Token that was returned last. */
  readonly token: T | undefined
  /** Number of rejected calls that have not been repeated yet: the next tokens are for these. */
  readonly repeats: number
  /** Moment at which the token was first returned for a call whose rejection would be reported; undefined before. */
  readonly since: number | undefined
}

export const none: Trial<never> = { token: undefined, repeats: 0, since: undefined }

/** Time after which a token that was not rejected counts as working, in milliseconds. */
const rejectedWithin = 60_000

/**
 * Records that a token is returned for a call. Returns true if the token has worked. `now` is in milliseconds since the epoch.
 */
export const returned = <T>(trial: Trial<T>, token: T, now: number): readonly [Trial<T>, boolean] => {
  const before = token === trial.token ? trial.since : undefined
  if (trial.repeats > 0) return [{ token, repeats: trial.repeats - 1, since: before }, false]
  const since = before ?? now
  return [{ token, repeats: 0, since }, now - since >= rejectedWithin]
}

/** Records that a call was rejected, which is repeated next. */
export const rejected = <T>({ repeats, token }: Trial<T>): Trial<T> => ({
  token,
  repeats: repeats + 1,
  since: undefined
})
