/**
 * The life of one cached token: every decision about it as `(state, now, event) -> [state, command]`, without effects.
 *
 * One function for each event, so that each has the commands that can follow from it and no others. `F` is whatever
 * stands for a flight: the effort to get one token, by one request or, while the server is down, by several.
 */
import * as Equal from "effect/Equal"

import type { AccessToken } from "../../AccessToken.js"
import type { TokenError } from "../../OAuthError.js"
import type { RequestOptions } from "../../TokenEndpoint.js"
import * as earlyRejections from "./earlyRejections.js"
import { after, type Instant, reached, remaining } from "./instant.js"
import { noGainPause, type Policy, type Windows, windows } from "./policy.js"

/** Why a token is asked for. */
export type Reason = RequestOptions["reason"]

export interface Flight<F> {
  readonly id: F
  readonly reason: Reason
  /** No further request begins from here on. */
  readonly giveUpAt: Instant
}

export interface State<F> {
  readonly held:
    | (Windows & {
      readonly token: AccessToken
      /** Whether the API accepted it in place of a rejected one. */
      readonly isConfirmed?: boolean
      /** Its age in milliseconds when the API first rejected it, where it could not be replaced then. */
      readonly rejectedAt?: number
    })
    | undefined
  readonly flight: Flight<F> | undefined
  /** No request before `until`; after a failure, the failure. */
  readonly pause: { readonly until: Instant; readonly error: TokenError | undefined } | undefined
  /** A token that the API refused and that has not been replaced yet. */
  readonly refused: AccessToken | undefined
  /** How many refused tokens were replaced since a replacement last helped. */
  readonly replaced: number
  /** Until then a refusal of the token held, which is itself a replacement, leads to no request. */
  readonly latchedUntil: Instant | undefined
  readonly early: earlyRejections.EarlyRejections
}

export const empty: State<never> = {
  held: undefined,
  flight: undefined,
  pause: undefined,
  refused: undefined,
  replaced: 0,
  latchedUntil: undefined,
  early: earlyRejections.none
}

export interface Departure<F> {
  readonly flight: Flight<F>
  /** When its first request is to be sent. */
  readonly at: Instant
}

/** What a caller gets. `departure` says that a flight begins now. */
export type Answer<F> =
  | { readonly _tag: "Serve"; readonly token: AccessToken; readonly departure: Departure<F> | undefined }
  | { readonly _tag: "Wait"; readonly flight: Flight<F>; readonly departure: Departure<F> | undefined }
  | { readonly _tag: "Refuse"; readonly error: TokenError; readonly millisLeft: number }

/** What becomes of a flight after a failed request. */
export type Aftermath = { readonly _tag: "Retry"; readonly at: Instant } | { readonly _tag: "GiveUp" }

/** The token that may be handed out now with nothing else to be done: what most callers get. */
export const fresh = (state: State<unknown>, now: Instant): AccessToken | undefined =>
  state.held !== undefined && !reached(state.held.renewFrom, now)
    ? state.held.token
    : undefined

const isHeld = (state: State<unknown>, token: AccessToken): boolean =>
  state.held !== undefined && Equal.equals(state.held.token.value, token.value)

/** By more than the second that a server may lose when it counts in whole ones. */
const outlives = ({ expires, life }: Windows, held: Windows): boolean => {
  const rounding = Math.min(1000, life / 2)
  return expires.wall > held.expires.wall + rounding || expires.steady > held.expires.steady + rounding
}

const isPaused = (state: State<unknown>, now: Instant): boolean =>
  state.pause !== undefined && !reached(state.pause.until, now)

const depart = <F>(
  state: State<F>,
  now: Instant,
  { at, id, policy, reason }: { readonly id: F; readonly reason: Reason; readonly at: Instant; readonly policy: Policy }
): readonly [State<F>, Departure<F>] => {
  const flight: Flight<F> = { id, reason, giveUpAt: after(now, policy.retryTimeout) }
  return [{ ...state, flight }, { flight, at }]
}

const wait = <F>(
  state: State<F>,
  now: Instant,
  options: { readonly id: F; readonly reason: Reason; readonly policy: Policy }
): readonly [State<F>, Answer<F>] => {
  if (state.flight !== undefined) return [state, { _tag: "Wait", flight: state.flight, departure: undefined }]
  let at = now
  if (state.pause !== undefined && isPaused(state, now)) {
    const { error, until } = state.pause
    const millisLeft = remaining(until, now)
    if (error !== undefined && (!error.retryable || millisLeft > options.policy.retryTimeout)) {
      return [state, { _tag: "Refuse", error, millisLeft }]
    }
    at = until
  }
  const [next, departure] = depart(state, now, { ...options, at })
  return [next, { _tag: "Wait", flight: departure.flight, departure }]
}

/** A caller wants a token. `id` is the flight to begin if it takes one. */
export const asked = <F>(
  state: State<F>,
  now: Instant,
  { id, policy }: { readonly id: F; readonly policy: Policy }
): readonly [State<F>, Answer<F>] => {
  const { held } = state
  if (held === undefined || reached(held.usableUntil, now)) {
    const reason = held !== undefined ? "expired" : state.refused !== undefined ? "rejected" : "cold"
    return wait(state, now, { id, reason, policy })
  }
  if (!reached(held.renewFrom, now) || state.flight !== undefined || isPaused(state, now)) {
    return [state, { _tag: "Serve", token: held.token, departure: undefined }]
  }
  const [next, departure] = depart(state, now, { id, reason: "renewal", at: now, policy })
  return [next, { _tag: "Serve", token: held.token, departure }]
}

/** A caller wants a token that is not this one. */
export const askedForOther = <F>(
  state: State<F>,
  now: Instant,
  { id, policy, token }: { readonly token: AccessToken; readonly id: F; readonly policy: Policy }
): readonly [State<F>, Answer<F>] =>
  state.held === undefined || isHeld(state, token) || reached(state.held.usableUntil, now)
    ? wait(state, now, { id, reason: "forced", policy })
    : asked(state, now, { id, policy })

/** A request brought a token. It serves those who wait for it even if it is of no use to anybody later. */
export const issued = <F>(
  state: State<F>,
  now: Instant,
  { id, jitter, policy, sent, token }: {
    readonly id: F
    readonly token: AccessToken
    readonly sent: Instant
    readonly jitter: number
    readonly policy: Policy
  }
): State<F> => {
  if (state.flight?.id !== id) return state
  const own = windows(policy, token, sent, jitter)
  const again = isHeld(state, token)
  // The server gives no longer life yet, so this one is used to its end: a request before that would be for nothing.
  const noGain = again || (state.held !== undefined && state.flight.reason !== "forced" && !outlives(own, state.held))
  // A token that was used until its refresh ends the row of early rejections.
  const livedLong = state.held !== undefined && state.held.rejectedAt === undefined && state.flight.reason !== "forced"
  const early = livedLong ? earlyRejections.none : state.early
  const next: State<F> = {
    ...state,
    early,
    held: {
      ...(again ? state.held : {}),
      ...own,
      token,
      ...(noGain ? { renewFrom: own.expires, usableUntil: own.expires } : {})
    },
    flight: undefined,
    pause: again && reached(own.expires, now) ? { until: after(now, noGainPause), error: undefined } : undefined
  }
  if (state.refused === undefined) return next
  const suspected = earlyRejections.pauseIndex(early)
  const latch = (index: number): Instant => {
    const { rejectionPauses } = policy
    return after(now, rejectionPauses[Math.min(index, rejectionPauses.length - 1)] ?? rejectionPauses[0])
  }
  // One that another process had asked for before costs nothing if it is refused too, so the issuer needs no pause.
  if (token.requestedAt < sent.wall) return { ...next, refused: undefined }
  return {
    ...next,
    refused: undefined,
    replaced: state.replaced + 1,
    latchedUntil: latch(Math.max(state.replaced, suspected ?? 0))
  }
}

/** A request failed. `pause` is how long to leave the server alone, in milliseconds; `again` allows a further request. */
export const failed = <F>(
  state: State<F>,
  now: Instant,
  { again, error, id, pause }: {
    readonly id: F
    readonly error: TokenError
    readonly pause: number
    readonly again: boolean
  }
): readonly [State<F>, Aftermath] => {
  if (state.flight?.id !== id) return [state, { _tag: "GiveUp" }]
  // Others may need what is left more than this token needs to be renewed early: it is used to its end instead.
  if (error._tag === "IssuanceBudgetExhausted" && error.reserved && state.held !== undefined) {
    const held = { ...state.held, renewFrom: state.held.usableUntil }
    return [{ ...state, held, flight: undefined }, { _tag: "GiveUp" }]
  }
  const until = after(now, pause)
  const next: State<F> = { ...state, pause: { until, error } }
  return again && error.retryable && !reached(state.flight.giveUpAt, until)
    ? [next, { _tag: "Retry", at: until }]
    : [{ ...next, flight: undefined }, { _tag: "GiveUp" }]
}

/** A flight ended by a defect or was interrupted. */
export const ended = <F>(state: State<F>, id: F): State<F> =>
  state.flight?.id === id ? { ...state, flight: undefined } : state

/** The API refused a token. The answer: will the next token be another one? */
export const rejected = <F>(state: State<F>, now: Instant, token: AccessToken): readonly [State<F>, boolean] => {
  const { held } = state
  if (held === undefined || !isHeld(state, token)) return [state, true]
  const age = held.rejectedAt ?? Math.max(0, held.life - remaining(held.expires, now))
  if (state.latchedUntil !== undefined && !reached(state.latchedUntil, now)) {
    return [held.rejectedAt === undefined ? { ...state, held: { ...held, rejectedAt: age } } : state, false]
  }
  // A token that was never accepted says nothing about who revoked it: the API may reject every token.
  const early = held.isConfirmed === true ? earlyRejections.next(state.early, { age, life: held.life }) : state.early
  return [{ ...state, held: undefined, refused: token, early }, true]
}

/** The API accepted this token on a replay, after it had refused the one before. */
export const accepted = <F>(state: State<F>, token: AccessToken): State<F> =>
  state.held !== undefined && isHeld(state, token)
    ? {
      ...state,
      held: { ...state.held, isConfirmed: true },
      replaced: 0,
      // A replacement that works is no reason to replace it ever more often.
      latchedUntil: earlyRejections.pauseIndex(state.early) === undefined ? undefined : state.latchedUntil
    }
    : state

/** How it stands. Durations in milliseconds. */
export const health = ({ early, held, latchedUntil, pause, replaced }: State<unknown>, now: Instant) => {
  const isUsable = held !== undefined && !reached(held.usableUntil, now)
  const left = (until: Instant | undefined) =>
    until === undefined || reached(until, now) ? undefined : remaining(until, now)
  return {
    isUsable,
    expiresIn: isUsable ? left(held.expires) : undefined,
    lastFailure: pause?.error,
    pausedFor: left(pause?.until),
    latchedFor: replaced > 0 || earlyRejections.pauseIndex(early) !== undefined ? left(latchedUntil) : undefined
  }
}
