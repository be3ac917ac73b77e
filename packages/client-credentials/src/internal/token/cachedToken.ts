/**
 * The life of one cached token as data: `(state, now, event) -> [state, decision]`, without effects.
 *
 * One function for each event, so that each has the decisions that can follow from it and no others. `T` is the token, `E`
 * the error of a failed request, and `Id` stands for a refresh: one token request with its retries. None of them is
 * looked into, beyond the times of the token.
 */
import * as earlyRejections from "./earlyRejections.js"
import { after, type Instant, reached, remaining } from "./instant.js"
import type { Latch, Rejection } from "./latch.js"
import { type Token, type WindowRules, type Windows, windows } from "./windows.js"

/**
 * Why a token is requested. `cold`: there was none. `renewal`: there is one that can still be used. `expired`: there is
 * one that cannot. `rejected`: the API rejected the last one. `forced`: the program wants another one.
 */
export type Reason = "cold" | "renewal" | "expired" | "rejected" | "forced"

/** The rules of a token's life. Durations in milliseconds. */
export interface Rules<T> extends WindowRules {
  /** How long a failed request is retried while callers wait. */
  readonly retryTimeout: number
  /** The pauses of the latch. */
  readonly rejectionPauses: readonly [number, ...ReadonlyArray<number>]
  /** Whether two tokens have the same value. */
  readonly isSame: (one: T, other: T) => boolean
  /**
   * How long a refresh counts as in flight after its last sign of life, where it may be cut off without notice; undefined
   * where it always ends.
   */
  readonly refreshLife?: number | undefined
}

export interface Refresh<Id> {
  readonly id: Id
  readonly reason: Reason
  /** No further request begins from here on. */
  readonly giveUpAt: Instant
  /** Whether a caller waits for its token. */
  readonly isAwaited: boolean
  /** From here on it counts as cut off, unless it gives another sign of life; undefined where it always ends. */
  readonly lostFrom?: Instant | undefined
}

/** A failed request. */
export interface Failure<E> {
  readonly error: E
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Whether a cached token is to be used to its end, because callers without a token need the rest of a budget more. */
  readonly isReserved: boolean
}

export interface Cached<T> extends Windows {
  readonly token: T
  /** Whether a caller got it. */
  readonly isUsed: boolean
  /** Whether the API accepted it in place of a rejected one. */
  readonly isConfirmed: boolean
  /** Its age in milliseconds when the API first rejected it, where it could not be replaced then. */
  readonly rejectedAt: number | undefined
}

/** A rejected token, and whether the API had accepted it in place of another one. */
export interface Rejected<T> {
  readonly token: T
  readonly isConfirmed: boolean
}

export interface State<T, E, Id> {
  readonly cached: Cached<T> | undefined
  /** The one refresh in flight. */
  readonly refresh: Refresh<Id> | undefined
  /** No request before `until`; after a failure, the failure. */
  readonly pause: { readonly until: Instant; readonly failure: Failure<E> | undefined } | undefined
  /** A token that the API rejected and that has not been replaced yet. */
  readonly rejected: Rejected<T> | undefined
  /** How many rejected tokens were replaced since the API last accepted a replacement. */
  readonly replaced: number
  /** The latch: until then the rejection of a cached token, which is itself a replacement, leads to no request. */
  readonly latchedUntil: Instant | undefined
  readonly early: earlyRejections.EarlyRejections
  /** When the last request failed while a cached token was served, if none has succeeded since. */
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

/** After the server issued a token again that has expired, in milliseconds. */
export const sameTokenPause = 1000

/** A refresh that begins now. */
export interface StartRefresh<Id> {
  readonly refresh: Refresh<Id>
  /** When its first request is sent. */
  readonly refreshAt: Instant
}

/** What a caller gets: a token, the token of a refresh, or the error of the last one. */
export type Decision<T, E, Id> =
  | { readonly _tag: "Serve"; readonly token: T; readonly start: StartRefresh<Id> | undefined }
  | { readonly _tag: "Wait"; readonly refresh: Refresh<Id>; readonly start: StartRefresh<Id> | undefined }
  | { readonly _tag: "Fail"; readonly error: E; readonly millisLeft: number }

/** The cached token, where it can be returned with nothing else to be done: the case of almost every caller. */
export const fresh = <T>({ cached }: State<T, unknown, unknown>, now: Instant): T | undefined =>
  cached !== undefined && cached.isUsed && !reached(cached.refreshFrom, now) ? cached.token : undefined

/** The pause, if it has not passed. */
const currentPause = <E>({ pause }: State<unknown, E, unknown>, now: Instant) =>
  pause !== undefined && !reached(pause.until, now) ? pause : undefined

/** The refresh in flight, if it was not cut off. */
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
      return [state, { _tag: "Fail", error: failure.error, millisLeft }]
    }
    refreshAt = until
  }
  const refresh = begin(now, { id, rules, reason, isAwaited: true })
  return [{ ...state, refresh }, { _tag: "Wait", refresh, start: { refresh, refreshAt } }]
}

/** A caller wants a token. `id` is that of the refresh which begins if one is necessary. */
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

/** A caller wants a token other than this one. */
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

/** What a new token replaced, for the metrics. */
export interface Replaced {
  /** Whether no caller got the token before. */
  readonly wasUnused: boolean
  /** How long before its expiry that token was replaced; 0 without one. In milliseconds. */
  readonly ahead: number
  /** How long requests had failed while that token was served, since the last failure, in milliseconds. */
  readonly failing: number
}

/** By more than the second that a server may lose when it counts in whole ones. */
const outlives = ({ expires, life }: Windows, cached: Windows): boolean => {
  const rounding = Math.min(1000, life / 2)
  return expires.wall > cached.expires.wall + rounding || expires.steady > cached.expires.steady + rounding
}

/** How long requests have failed since the failure before, in milliseconds on the steady clock. */
const failingFor = ({ renewalFailedAt }: State<unknown, unknown, unknown>, sent: Instant): number =>
  renewalFailedAt === undefined ? 0 : Math.max(0, sent.steady - renewalFailedAt.steady)

/** What processes that share a latch need to know of the rejected token; undefined without one. */
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

/** The latch that processes share, on the wall clock of this one. */
export type SharedLatch = Pick<Latch, "replaced" | "until">

/** The latch after a token was issued: that of the processes that share it, or that of this process. */
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
  // One that another process requested before costs nothing if it is rejected too, so the issuer needs no pause.
  if (isFromStore) return { ...state, rejected: undefined }
  const index = Math.max(state.replaced, earlyRejections.pauseIndex(state.early) ?? 0)
  return {
    ...state,
    rejected: undefined,
    replaced: state.replaced + 1,
    latchedUntil: after(now, earlyRejections.pauseAt(rules.rejectionPauses, index))
  }
}

/** A request returned a token. The token is for the callers that wait, even if it is of no use to later ones. */
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
  // The server gives no longer life yet, so this one is used to its end: a request before that would be for nothing.
  const noGain = again !== undefined || (cached !== undefined && !isForced && !outlives(own, cached))
  // A token that was used until its refresh ends the row of early rejections.
  const livedLong = cached !== undefined && cached.rejectedAt === undefined && !isForced
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
      rejectedAt: again?.rejectedAt
    },
    refresh: undefined,
    pause: again !== undefined && reached(own.expires, now)
      ? { until: after(now, sameTokenPause), failure: undefined }
      : undefined,
    renewalFailedAt: undefined
  }
  return [latch(next, now, rules, { isFromStore: token.requestedAt < sent.wall, shared }), {
    wasUnused: cached?.isUsed === false,
    ahead: cached === undefined ? 0 : remaining(cached.expires, now),
    failing: failingFor(state, sent)
  }]
}

/** What a refresh does after a failed request; `failing` as in `Replaced`. */
export type AfterFailure =
  | { readonly _tag: "Retry"; readonly at: Instant; readonly failing: number }
  | { readonly _tag: "GiveUp"; readonly failing: number }

/**
 * A request failed. `pause` is how long no request is sent, in milliseconds; `again` states whether the back-off allows
 * another request in this refresh.
 */
export const failed = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { again, failure, id, pause, sent }: {
    readonly id: Id
    readonly failure: Failure<E>
    readonly sent: Instant
    readonly pause: number
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
  const until = after(now, pause)
  const next: State<T, E, Id> = { ...counted, pause: { until, failure } }
  return again && failure.retryable && !reached(refresh.giveUpAt, until)
    ? [next, { _tag: "Retry", at: until, failing }]
    : [{ ...next, refresh: undefined }, { _tag: "GiveUp", failing }]
}

/** A refresh gives a sign of life. */
export const alive = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { id, rules }: Begin<T, Id>
): State<T, E, Id> => state.refresh?.id === id ? { ...state, refresh: seen(state.refresh, now, rules) } : state

/** A refresh ended by a defect or was interrupted. */
export const ended = <T, E, Id>(state: State<T, E, Id>, id: Id): State<T, E, Id> =>
  state.refresh?.id === id ? { ...state, refresh: undefined } : state

/** The API rejected a token. Returns whether the next token will be another one. */
export const invalidate = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { rules, token }: { readonly rules: Rules<T>; readonly token: T }
): readonly [State<T, E, Id>, boolean] => {
  const { cached } = state
  if (cached === undefined || !rules.isSame(cached.token, token)) return [state, true]
  const age = cached.rejectedAt ?? Math.max(0, cached.life - remaining(cached.expires, now))
  if (state.latchedUntil !== undefined && !reached(state.latchedUntil, now)) {
    return [{ ...state, cached: { ...cached, rejectedAt: age } }, false]
  }
  // A token that was never accepted is no sign of who revoked it: the API may reject every token.
  const early = cached.isConfirmed ? earlyRejections.next(state.early, { age, life: cached.life }) : state.early
  return [{ ...state, cached: undefined, rejected: { token, isConfirmed: cached.isConfirmed }, early }, true]
}

/** A token was revoked by this process, which is no rejection: it counts as expired. */
export const forget = <T, E, Id>(
  state: State<T, E, Id>,
  now: Instant,
  { rules, token }: { readonly rules: Rules<T>; readonly token: T }
): State<T, E, Id> => {
  const { cached } = state
  return cached === undefined || !rules.isSame(cached.token, token)
    ? state
    : { ...state, cached: { ...cached, refreshFrom: now, usableUntil: now, expires: now } }
}

/** The tokens that have not expired. */
export const current = <T>({ cached }: State<T, unknown, unknown>, now: Instant): ReadonlyArray<T> =>
  cached === undefined || reached(cached.expires, now) ? [] : [cached.token]

/** The API accepted this token on a replay, after it had rejected the one before. */
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
      // A replacement that works is no reason to replace it ever more often.
      latchedUntil: earlyRejections.pauseIndex(state.early) === undefined ? undefined : state.latchedUntil
    }
    : state
}

/** The current status. Durations in milliseconds. */
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
