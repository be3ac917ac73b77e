/**
 * State machine of one cached token, without effects: `(state, now, event) -> [state, decision]`.
 *
 * Each event has its own function, whose type lists only the decisions that can follow from it. `T` is the token, `E` the
 * error of a failed request, and `Id` identifies a refresh: one token request with its retries. The functions read nothing
 * of them but the times of the token.
 */
import * as earlyRejections from "./earlyRejections.js"
import { after, type Instant, reached, remaining } from "./instant.js"
import type { Latch, Rejection } from "./latch.js"
import { type Token, type WindowRules, type Windows, windows } from "./windows.js"

/**
 * Reason for a token request. `cold`: no token was cached. `renewal`: the cached token is still usable. `expired`: the cached
 * token is not usable any more. `rejected`: the API rejected the last token. `forced`: the program requested a new token.
 */
export type Reason = "cold" | "renewal" | "expired" | "rejected" | "forced"

/** Rules of a token's lifetime. Durations are in milliseconds. */
export interface Rules<T> extends WindowRules {
  /** Time for which a failed request is retried while callers wait. */
  readonly retryTimeout: number
  /** The pauses of the latch. */
  readonly rejectionPauses: readonly [number, ...ReadonlyArray<number>]
  /** Returns whether two tokens have the same value. */
  readonly isSame: (one: T, other: T) => boolean
  /**
   * Time for which a refresh counts as in flight after its last heartbeat, on platforms that may stop it without notice;
   * undefined on platforms where it always ends.
   */
  readonly refreshLife?: number | undefined
}

export interface Refresh<Id> {
  readonly id: Id
  readonly reason: Reason
  /** Moment from which no further request starts. */
  readonly giveUpAt: Instant
  /** True if a caller waits for the token. */
  readonly isAwaited: boolean
  /** Moment from which the refresh counts as stopped without another heartbeat; undefined where it always ends. */
  readonly lostFrom?: Instant | undefined
}

/** A failed request. */
export interface Failure<E> {
  readonly error: E
  /** True if the same request may succeed later. */
  readonly retryable: boolean
  /** True if a cached token is used until it expires, because the rest of a budget is reserved for callers without a token. */
  readonly isReserved: boolean
}

export interface Cached<T> extends Windows {
  readonly token: T
  /** True if the token was returned to a caller. */
  readonly isUsed: boolean
  /** True if the API accepted the token in place of a rejected one. */
  readonly isConfirmed: boolean
  /** Age in milliseconds at which the API first rejected the token, if it could not be replaced then. */
  readonly rejectedAt: number | undefined
  /** True if the program revoked the token: its rejection by the API is expected. */
  readonly isRevoked: boolean
}

/** A rejected token. `isConfirmed` is true if the API had accepted it in place of another one. */
export interface Rejected<T> {
  readonly token: T
  readonly isConfirmed: boolean
}

/** No request is sent before `until`; `failure` is the one that led to the pause, if any. */
export interface Pause<E> {
  readonly until: Instant
  readonly failure: Failure<E> | undefined
  /** Moment from which a caller may check whether the pause can end early. */
  readonly checkFrom: Instant
}

export interface State<T, E, Id> {
  readonly cached: Cached<T> | undefined
  /** The one refresh in flight. */
  readonly refresh: Refresh<Id> | undefined
  readonly pause: Pause<E> | undefined
  /** The token that the API rejected and that has not been replaced yet. */
  readonly rejected: Rejected<T> | undefined
  /** Number of rejected tokens that were replaced since the API last accepted a replacement. */
  readonly replaced: number
  /** End of the latch: until then, the rejection of a cached token that is itself a replacement leads to no request. */
  readonly latchedUntil: Instant | undefined
  readonly early: earlyRejections.EarlyRejections
  /** Moment at which the last request failed while a cached token was served, if none has succeeded since. */
  readonly renewalFailedAt: Instant | undefined
}

export const empty: State<never, never, never> = {
  cached: undefined,
  refresh: undefined,
  pause: undefined,
  rejected: undefined,
  replaced: 0,
  latchedUntil: undefined,
  early: earlyRejections.none,
  renewalFailedAt: undefined
}

/** Pause after the server returned an expired token again, in milliseconds. */
export const sameTokenPause = 1000

/** Interval at which callers may check whether a pause can end early, in milliseconds. */
export const checkEvery = 10_000

/** A refresh that starts now. */
export interface StartRefresh<Id> {
  readonly refresh: Refresh<Id>
  /** Moment at which its first request is sent. */
  readonly refreshAt: Instant
}

/**
 * Result for a caller: a token, the token of a refresh, or the error of the last refresh. `mayCheck` is true if this caller may
 * check first whether the pause can end early.
 */
export type Decision<T, E, Id> =
  | { readonly _tag: "Serve"; readonly token: T; readonly start: StartRefresh<Id> | undefined }
  | { readonly _tag: "Wait"; readonly refresh: Refresh<Id>; readonly start: StartRefresh<Id> | undefined }
  | {
    readonly _tag: "Fail"
    readonly error: E
    readonly millisLeft: number
    readonly reason: Reason
    readonly mayCheck: boolean
  }

/** Returns the cached token if it can be returned without a refresh: the case of almost every call. */
export const fresh = <T>({ cached }: State<T, unknown, unknown>, now: Instant): T | undefined =>
  cached !== undefined && cached.isUsed && !reached(cached.refreshFrom, now) ? cached.token : undefined

const pauseUntil = <E>(now: Instant, until: Instant, failure: Failure<E> | undefined): Pause<E> => ({
  until,
  failure,
  checkFrom: after(now, checkEvery)
})

/** Returns the pause, if it has not passed. */
const currentPause = <E>({ pause }: State<unknown, E, unknown>, now: Instant) =>
  pause !== undefined && !reached(pause.until, now) ? pause : undefined

/** Returns the refresh in flight, if it was not stopped. */
const inFlight = <Id>({ refresh }: State<unknown, unknown, Id>, now: Instant): Refresh<Id> | undefined =>
  refresh?.lostFrom !== undefined && reached(refresh.lostFrom, now) ? undefined : refresh

type Begin<T, Id> = { readonly id: Id; readonly rules: Rules<T> }

const seen = <T, Id>(refresh: Refresh<Id>, now: Instant, { refreshLife }: Rules<T>): Refresh<Id> =>
  refreshLife === undefined ? refresh : { ...refresh, lostFrom: after(now, refreshLife) }

const begin = <T, Id>(
  now: Instant,
  { id, isAwaited, reason, rules }: Begin<T, Id> & Pick<Refresh<Id>, "isAwaited" | "reason">
): Refresh<Id> => seen({ id, reason, giveUpAt: after(now, rules.retryTimeout), isAwaited }, now, rules)

const wait = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, reason, rules }: Begin<T, Id> & { readonly reason: Reason }
): readonly [State<T, E, Id>, Decision<T, E, Id>] => {
  const current = inFlight(state, now)
  if (current !== undefined) {
    const refresh = { ...current, isAwaited: true }
    return [{ ...state, refresh }, { _tag: "Wait", refresh, start: undefined }]
  }
  let refreshAt = now
  const pause = currentPause(state, now)
  if (pause !== undefined) {
    const { failure, until } = pause
    const millisLeft = remaining(until, now)
    if (failure !== undefined && (!failure.retryable || millisLeft > rules.retryTimeout)) {
      const mayCheck = reached(pause.checkFrom, now)
      const next = mayCheck ? { ...state, pause: pauseUntil(now, until, failure) } : state
      return [next, { _tag: "Fail", error: failure.error, millisLeft, reason, mayCheck }]
    }
    refreshAt = until
  }
  const refresh = begin(now, { id, rules, reason, isAwaited: true })
  return [{ ...state, refresh }, { _tag: "Wait", refresh, start: { refresh, refreshAt } }]
}

/** Handles a caller that requests a token. `id` identifies the refresh that starts if one is necessary. */
export const get = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, rules }: Begin<T, Id>
): readonly [State<T, E, Id>, Decision<T, E, Id>] => {
  const { cached } = state
  if (cached === undefined || reached(cached.usableUntil, now)) {
    const reason = cached !== undefined ? "expired" : state.rejected !== undefined ? "rejected" : "cold"
    return wait(state, now, { id, reason, rules })
  }
  const used = cached.isUsed ? state : { ...state, cached: { ...cached, isUsed: true } }
  if (
    !reached(cached.refreshFrom, now) || inFlight(state, now) !== undefined || currentPause(state, now) !== undefined
  ) {
    return [used, { _tag: "Serve", token: cached.token, start: undefined }]
  }
  const refresh = begin(now, { id, rules, reason: "renewal", isAwaited: false })
  return [{ ...used, refresh }, { _tag: "Serve", token: cached.token, start: { refresh, refreshAt: now } }]
}

/** Handles a caller that requests a token other than the given one. */
export const refresh = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, rules, token }: Begin<T, Id> & { readonly token: T }
): readonly [State<T, E, Id>, Decision<T, E, Id>] => {
  const { cached } = state
  return cached === undefined || rules.isSame(cached.token, token) || reached(cached.usableUntil, now)
    ? wait(state, now, { id, reason: "forced", rules })
    : get(state, now, { id, rules })
}

/** Data about the token that a new one replaced, for the metrics. */
export interface Replaced {
  /** True if the replaced token was never returned to a caller. */
  readonly wasUnused: boolean
  /** Time before its expiry at which the token was replaced, in milliseconds; 0 without a token. */
  readonly ahead: number
  /** Time since the last failure during which requests failed while the token was served, in milliseconds. */
  readonly failing: number
}

/** Returns whether a token outlives the cached one by more than a second, which a server may lose by rounding. */
const outlives = ({ expires, life }: Windows, cached: Windows): boolean => {
  const rounding = Math.min(1000, life / 2)
  return expires.wall > cached.expires.wall + rounding || expires.steady > cached.expires.steady + rounding
}

/** Returns the time since the previous failure in milliseconds, on the steady clock. */
const failingFor = ({ renewalFailedAt }: State<unknown, unknown, unknown>, sent: Instant): number =>
  renewalFailedAt === undefined ? 0 : Math.max(0, sent.steady - renewalFailedAt.steady)

/** Returns the data about the rejected token that is shared with other processes; undefined without a rejected token. */
export const rejection = <T>(
  { early, rejected }: State<T, unknown, unknown>,
  rules: Rules<T>
): Rejection | undefined => {
  if (rejected === undefined) return undefined
  const index = earlyRejections.pauseIndex(early)
  return {
    isConfirmed: rejected.isConfirmed && index === undefined,
    atLeast: index ?? 0,
    pauseAfter: (replaced) => earlyRejections.pauseAt(rules.rejectionPauses, replaced - 1)
  }
}

/** Latch shared by several processes, on the wall clock of this process. */
export type SharedLatch = Pick<Latch, "replaced" | "until">

/** Returns the state with the latch after a token was issued: the shared latch, or that of this process. */
const latch = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  rules: Rules<T>,
  { isFromStore, shared }: { readonly isFromStore: boolean; readonly shared: SharedLatch | undefined }
): State<T, E, Id> => {
  if (shared !== undefined) {
    const latchedUntil = after(now, Math.max(0, shared.until - now.wall))
    return { ...state, rejected: undefined, replaced: shared.replaced, latchedUntil }
  }
  if (state.rejected === undefined) return state
  // A token that another process requested costs nothing if it is rejected too, so no pause is needed.
  if (isFromStore) return { ...state, rejected: undefined }
  const index = Math.max(state.replaced, earlyRejections.pauseIndex(state.early) ?? 0)
  return {
    ...state,
    rejected: undefined,
    replaced: state.replaced + 1,
    latchedUntil: after(now, earlyRejections.pauseAt(rules.rejectionPauses, index))
  }
}

/** Handles a token response. Waiting callers get the token even if it cannot be used by later ones. */
export const issued = <T extends Token, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, jitter, rules, sent, shared, token }: Begin<T, Id> & {
    readonly token: T
    readonly sent: Instant
    readonly jitter: number
    readonly shared?: SharedLatch | undefined
  }
): readonly [State<T, E, Id>, Replaced | undefined] => {
  const { cached, refresh } = state
  if (refresh?.id !== id) return [state, undefined]
  const own = windows(rules, token, sent, jitter)
  const isForced = refresh.reason === "forced"
  const again = cached !== undefined && rules.isSame(cached.token, token) ? cached : undefined
  // The server does not issue a token with a later expiry yet: use this one until it expires, since an earlier request is wasted.
  const noGain = again !== undefined || (cached !== undefined && !isForced && !outlives(own, cached))
  // A token that was used until its refresh resets the count of early rejections.
  const livedLong = cached !== undefined && cached.rejectedAt === undefined && !cached.isRevoked && !isForced
  const next: State<T, E, Id> = {
    ...state,
    early: livedLong ? earlyRejections.none : state.early,
    cached: {
      refreshFrom: noGain ? own.expires : own.refreshFrom,
      usableUntil: noGain ? own.expires : own.usableUntil,
      expires: own.expires,
      life: own.life,
      token,
      isUsed: refresh.isAwaited,
      isConfirmed: again?.isConfirmed ?? false,
      rejectedAt: again?.rejectedAt,
      isRevoked: false
    },
    refresh: undefined,
    pause: again !== undefined && reached(own.expires, now)
      ? pauseUntil(now, after(now, sameTokenPause), undefined)
      : undefined,
    renewalFailedAt: undefined
  }
  return [latch(next, now, rules, { isFromStore: token.requestedAt < sent.wall, shared }), {
    wasUnused: cached?.isUsed === false,
    ahead: cached === undefined ? 0 : remaining(cached.expires, now),
    failing: failingFor(state, sent)
  }]
}

/** Next step of a refresh after a failed request; `failing` as in `Replaced`. */
export type AfterFailure =
  | { readonly _tag: "Retry"; readonly at: Instant; readonly failing: number }
  | { readonly _tag: "GiveUp"; readonly failing: number }

/**
 * Handles a failed request. `pause` is the time in milliseconds during which no request is sent; that of a refresh ends when
 * the cached token cannot be used any more, but not before `demanded`, the pause that the server requires. `again` states
 * whether the back-off allows another request in this refresh.
 */
export const failed = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { again, demanded, failure, id, pause, sent }: {
    readonly id: Id
    readonly failure: Failure<E>
    readonly sent: Instant
    readonly pause: number
    readonly demanded: number
    readonly again: boolean
  }
): readonly [State<T, E, Id>, AfterFailure] => {
  const { cached, refresh } = state
  if (refresh?.id !== id) return [state, { _tag: "GiveUp", failing: 0 }]
  const isRenewal = refresh.reason === "renewal"
  const failing = isRenewal ? failingFor(state, sent) : 0
  const counted = isRenewal ? { ...state, renewalFailedAt: sent } : state
  if (failure.isReserved && cached !== undefined) {
    const toItsEnd = { ...cached, refreshFrom: cached.usableUntil }
    return [{ ...counted, cached: toItsEnd, refresh: undefined }, { _tag: "GiveUp", failing }]
  }
  const usable = cached === undefined || reached(cached.usableUntil, now)
    ? Infinity
    : remaining(cached.usableUntil, now)
  const until = after(now, Math.max(demanded, Math.min(pause, usable)))
  const next: State<T, E, Id> = { ...counted, pause: pauseUntil(now, until, failure) }
  return again && failure.retryable && !reached(refresh.giveUpAt, until)
    ? [next, { _tag: "Retry", at: until, failing }]
    : [{ ...next, refresh: undefined }, { _tag: "GiveUp", failing }]
}

/** Handles the end of the pause after this failure, before its time. */
export const resume = <T, E, Id>(state: State<T, E, Id>, now: Instant, error: E): State<T, E, Id> =>
  state.pause?.failure?.error === error ? { ...state, pause: { ...state.pause, until: now } } : state

/** Handles a heartbeat of a refresh. */
export const alive = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, rules }: Begin<T, Id>
): State<T, E, Id> => state.refresh?.id === id ? { ...state, refresh: seen(state.refresh, now, rules) } : state

/** Handles a refresh that ended with a defect or was interrupted. */
export const ended = <T, E, Id>(state: State<T, E, Id>, id: Id): State<T, E, Id> =>
  state.refresh?.id === id ? { ...state, refresh: undefined } : state

/** Handles the rejection of a token by the API. Returns whether the next token will be another one. */
export const invalidate = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { rules, token }: { readonly rules: Rules<T>; readonly token: T }
): readonly [State<T, E, Id>, boolean] => {
  const { cached } = state
  if (cached === undefined || cached.isRevoked || !rules.isSame(cached.token, token)) return [state, true]
  const age = cached.rejectedAt ?? Math.max(0, cached.life - remaining(cached.expires, now))
  if (state.latchedUntil !== undefined && !reached(state.latchedUntil, now)) {
    return [{ ...state, cached: { ...cached, rejectedAt: age } }, false]
  }
  // The rejection of a token that was never accepted does not count as early: the API may reject every token.
  const early = cached.isConfirmed ? earlyRejections.next(state.early, { age, life: cached.life }) : state.early
  return [{ ...state, cached: undefined, rejected: { token, isConfirmed: cached.isConfirmed }, early }, true]
}

/** Handles a token that this process revoked: it counts as expired, not as rejected. */
export const forget = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { rules, token }: { readonly rules: Rules<T>; readonly token: T }
): State<T, E, Id> => {
  const { cached } = state
  return cached === undefined || !rules.isSame(cached.token, token)
    ? state
    : { ...state, cached: { ...cached, isRevoked: true, refreshFrom: now, usableUntil: now, expires: now } }
}

/** Returns the tokens that have not expired. */
export const current = <T>({ cached }: State<T, unknown, unknown>, now: Instant): ReadonlyArray<T> =>
  cached === undefined || reached(cached.expires, now) ? [] : [cached.token]

/** Handles a token that the API accepted on a replay, after it had rejected the previous token. */
export const confirm = <T, E, Id>(
  state: State<T, E, Id>,
  { rules, token }: { readonly rules: Rules<T>; readonly token: T }
): State<T, E, Id> => {
  const { cached } = state
  return cached !== undefined && rules.isSame(cached.token, token)
    ? {
      ...state,
      cached: { ...cached, isConfirmed: true },
      replaced: 0,
      // A replacement that works must not make the next replacements more frequent.
      latchedUntil: earlyRejections.pauseIndex(state.early) === undefined ? undefined : state.latchedUntil
    }
    : state
}

/** Returns the current status. Durations are in milliseconds. */
export const health = <E>(
  { cached, early, latchedUntil, pause, replaced }: State<unknown, E, unknown>,
  now: Instant
) => {
  const isUsable = cached !== undefined && !reached(cached.usableUntil, now)
  const left = (until: Instant | undefined) =>
    until === undefined || reached(until, now) ? undefined : remaining(until, now)
  return {
    isUsable,
    expiresIn: isUsable ? left(cached.expires) : undefined,
    lastFailure: pause?.failure?.error,
    pausedFor: left(pause?.until),
    latchedFor: replaced > 0 || earlyRejections.pauseIndex(early) !== undefined ? left(latchedUntil) : undefined
  }
}
