import { assert, describe, it } from "@effect/vitest"
import { FastCheck as fc } from "effect"

import * as cachedToken from "../../src/internal/token/cachedToken.js"
import * as earlyRejections from "../../src/internal/token/earlyRejections.js"
import type { Instant } from "../../src/internal/token/instant.js"
import * as seeded from "../support/seeded.js"
import {
  type Decision,
  type Failure,
  minute,
  rules,
  type State,
  type Token,
  token,
  unavailable,
  wrongSecret
} from "./support.js"

type Which = "cached" | "old"

type Step =
  | { readonly _tag: "Get" | "End" | "Stray" }
  | { readonly _tag: "Refresh" | "Invalidate" | "Confirm"; readonly which: Which }
  | { readonly _tag: "Issue"; readonly life: number; readonly again: boolean; readonly jitter: number }
  | {
    readonly _tag: "Fail"
    readonly failure: Failure
    readonly pause: number
    readonly isDemanded: boolean
    readonly again: boolean
  }
  | { readonly _tag: "Move"; readonly wall: number; readonly steady: number }

const which = fc.constantFrom<Which>("cached", "cached", "old")
const millis = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 86_400_000 }))

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ _tag: "Get" }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ _tag: "End" }, { _tag: "Stray" }) },
  {
    weight: 5,
    arbitrary: fc.record({
      _tag: fc.constantFrom<"Refresh" | "Invalidate" | "Confirm">("Refresh", "Invalidate", "Invalidate", "Confirm"),
      which
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("Issue" as const),
      // In whole hundredths of a second, so that a tenth of it is exact.
      life: fc.oneof(fc.constantFrom(0, 1000, 45_000, 3_600_000, 86_400_000), millis.map((life) => life - life % 10)),
      again: fc.boolean(),
      jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Fail" as const),
      failure: fc.constantFrom(unavailable, unavailable, wrongSecret),
      pause: fc.integer({ min: 0, max: 20_000 }),
      isDemanded: fc.boolean(),
      again: fc.boolean()
    })
  },
  {
    weight: 4,
    arbitrary: fc.oneof(
      // Time passes; the wall clock is set; the machine sleeps, which its steady clock may not include.
      millis.map((by): Step => ({ _tag: "Move", wall: by, steady: by })),
      fc.integer({ min: -90_000_000, max: 90_000_000 }).map((by): Step => ({ _tag: "Move", wall: by, steady: 0 })),
      millis.map((by): Step => ({ _tag: "Move", wall: by, steady: 0 }))
    )
  }
)

/** A token in terms of the documentation: when it was requested and how long it is valid. */
interface Cached {
  readonly token: Token
  readonly sent: Instant
  readonly life: number
  /** The server granted no longer lifetime than before: an early refresh gains nothing. */
  readonly noGain: boolean
  /** True if it was accepted on a replay. */
  readonly worked: boolean
  /** Its age at the first rejection. */
  readonly rejectedAt: number | undefined
}

const run = (steps: ReadonlyArray<Step>): void => {
  let state: State = cachedToken.empty
  let now: Instant = { wall: 0, steady: 0 }
  let names = 0

  // The model.
  let cached: Cached | undefined
  let old = token(names, 0, 0)
  let refresh: { readonly id: number; readonly begun: Instant; readonly reason: cachedToken.Reason } | undefined
  let pause:
    | { readonly from: Instant; readonly millis: number; readonly failure: Failure | undefined }
    | undefined
  let latch: { readonly from: Instant; readonly millis: number } | undefined
  let isRejected = false
  let replaced = 0
  // Consecutive rejections of tokens that worked.
  let early = earlyRejections.none

  /** Returns the elapsed time by the clock that shows more. */
  const since = (moment: Instant): number => Math.max(now.wall - moment.wall, now.steady - moment.steady)
  const stop = ({ life, noGain }: Cached): number => noGain ? 0 : Math.min(10_000, life / 10)
  const usable = (): Cached | undefined =>
    cached !== undefined && since(cached.sent) < cached.life - stop(cached) ? cached : undefined
  const pauseLeft = (): number => pause === undefined ? 0 : Math.max(0, pause.millis - since(pause.from))
  const same = (one: Token) => cached !== undefined && cached.token.value === one.value

  const expectRefresh = (decision: Decision, id: number, reason: cachedToken.Reason) => {
    if (refresh !== undefined) {
      assert.deepStrictEqual([decision._tag, decision._tag === "Wait" && decision.refresh.id], ["Wait", refresh.id])
      assert(decision._tag === "Wait" && decision.start === undefined, "one refresh at a time")
      return
    }
    const left = pauseLeft()
    if (left > 0 && pause?.failure !== undefined && (!pause.failure.retryable || left > rules.retryTimeout)) {
      assert(decision._tag === "Fail", "no caller waits for long")
      assert.deepStrictEqual([decision.error, decision.millisLeft], [pause.failure.error, left])
      return
    }
    assert(decision._tag === "Wait" && decision.start !== undefined)
    assert.deepStrictEqual([decision.refresh.id, decision.refresh.reason], [id, reason])
    assert.strictEqual(since(decision.start.refreshAt), -left, "no request before the pause is over")
    refresh = { id, begun: now, reason }
  }

  const expectServed = (decision: Decision, id: number, { life, noGain, sent, token }: Cached) => {
    assert(decision._tag === "Serve", "no caller waits or fails while a token is usable")
    assert.strictEqual(decision.token, token)
    const end = Math.min(10_000, life / 10)
    const window = Math.max(end, Math.min(5 * minute, life / 5))
    const renews = decision.start !== undefined
    if (renews) {
      assert(refresh === undefined && pauseLeft() === 0 && !noGain, "a refresh begins only when it may")
      assert.isAtLeast(since(sent), life - window, "and not early")
      assert.deepStrictEqual([decision.start.refresh.id, decision.start.refresh.reason], [id, "renewal"])
      refresh = { id, begun: now, reason: "renewal" }
    } else if (refresh === undefined && pauseLeft() === 0 && !noGain) {
      assert.isBelow(since(sent), life - window + (window - end) / 2, "nor late")
    }
  }

  for (const one of steps) {
    switch (one._tag) {
      case "Move":
        now = { wall: now.wall + one.wall, steady: now.steady + one.steady }
        break
      case "Get": {
        const id = names += 1
        const expired = cached !== undefined
        const [next, decision] = cachedToken.get(state, now, { id, rules })
        const served = usable()
        if (served !== undefined) expectServed(decision, id, served)
        else expectRefresh(decision, id, expired ? "expired" : isRejected ? "rejected" : "cold")
        const fresh = cachedToken.fresh(state, now)
        if (fresh !== undefined) {
          assert(decision._tag === "Serve" && decision.token === fresh, "the fast path returns the same")
        }
        state = next
        break
      }
      case "Refresh": {
        const id = names += 1
        const than = one.which === "cached" ? cached?.token ?? old : old
        const [next, decision] = cachedToken.refresh(state, now, { id, rules, token: than })
        const served = usable()
        if (served !== undefined && !same(than)) expectServed(decision, id, served)
        else expectRefresh(decision, id, "forced")
        state = next
        break
      }
      case "Issue": {
        if (refresh === undefined) break
        const name = one.again && cached !== undefined ? Number(cached.token.value.slice(6)) : names += 1
        const sent = now
        const issued = token(name, sent.wall, one.life)
        const again = same(issued)
        const before = cached
        const later = before === undefined ||
          (["wall", "steady"] as const).some((clock) =>
            sent[clock] + one.life > before.sent[clock] + before.life + Math.min(1000, one.life / 2)
          )
        state = cachedToken.issued(state, now, { id: refresh.id, token: issued, sent, jitter: one.jitter, rules })[0]
        if (cached !== undefined) old = cached.token
        const noGain = again || (refresh.reason !== "forced" && !later)
        if (before !== undefined && before.rejectedAt === undefined && refresh.reason !== "forced") {
          early = earlyRejections.none
        }
        cached = {
          token: issued,
          sent,
          life: one.life,
          noGain,
          worked: again && before?.worked === true,
          rejectedAt: again ? before?.rejectedAt : undefined
        }
        refresh = undefined
        pause = again && one.life === 0 ? { from: now, millis: 1000, failure: undefined } : undefined
        if (isRejected) {
          const index = Math.max(replaced, early.soon - 3)
          latch = { from: now, millis: ([1, 10, 120][index] ?? 720) * minute }
          replaced += 1
          isRejected = false
        }
        break
      }
      case "Fail": {
        if (refresh === undefined) break
        const { again, failure, isDemanded } = one
        const [next, after] = cachedToken.failed(state, now, {
          id: refresh.id,
          failure,
          sent: now,
          pause: one.pause,
          demanded: isDemanded ? one.pause : 0,
          again
        })
        const serving = usable()
        const usableFor = serving === undefined ? Infinity : serving.life - stop(serving) - since(serving.sent)
        const millis = isDemanded ? one.pause : Math.min(one.pause, usableFor)
        pause = { from: now, millis, failure }
        const goesOn = again && failure.retryable && since(refresh.begun) + millis < rules.retryTimeout
        assert.strictEqual(after._tag, goesOn ? "Retry" : "GiveUp")
        if (after._tag === "Retry") assert.strictEqual(since(after.at), -millis)
        else refresh = undefined
        state = next
        break
      }
      case "End":
        if (refresh === undefined) break
        state = cachedToken.ended(state, refresh.id)
        refresh = undefined
        break
      case "Invalidate": {
        const wanted = one.which === "cached" ? cached?.token ?? old : old
        const [next, another] = cachedToken.invalidate(state, now, { rules, token: wanted })
        const latched = same(wanted) && latch !== undefined && since(latch.from) < latch.millis
        assert.strictEqual(another, !latched)
        if (cached !== undefined && same(wanted)) {
          const age = cached.rejectedAt ?? Math.min(cached.life, Math.max(0, since(cached.sent)))
          if (latched) cached = { ...cached, rejectedAt: age }
          else if (cached.worked) early = earlyRejections.next(early, { age, life: cached.life })
        }
        if (same(wanted) && !latched) {
          old = wanted
          cached = undefined
          isRejected = true
        }
        state = next
        break
      }
      case "Confirm": {
        const wanted = one.which === "cached" ? cached?.token ?? old : old
        state = cachedToken.confirm(state, { rules, token: wanted })
        if (cached !== undefined && same(wanted)) {
          cached = { ...cached, worked: true }
          replaced = 0
          if (early.soon < 3) latch = undefined
        }
        break
      }
      case "Stray": {
        const stray = { id: -1, rules, sent: now, jitter: 0, token: token(-1, now.wall, minute) }
        assert.deepStrictEqual(cachedToken.issued(state, now, stray), [state, undefined])
        assert.strictEqual(cachedToken.ended(state, -1), state)
        const event = { id: -1, failure: unavailable, sent: now, pause: 0, demanded: 0, again: true }
        assert.deepStrictEqual(cachedToken.failed(state, now, event), [state, { _tag: "GiveUp", failing: 0 }])
      }
    }
  }
}

describe("the state of a token", () => {
  it("keeps its guarantees through any sequence of events", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), run),
      seeded.parameters("the lifetime of a token", { quick: 500, full: 20_000 }) as fc.Parameters<
        [ReadonlyArray<Step>]
      >
    )
  })
})

const at = (millis: number): Instant => ({ wall: millis, steady: millis })

/** A state with a token of an hour, requested at 0 and issued with the jitter 0. */
const withToken = (options: { readonly life?: number; readonly isAwaited?: boolean } = {}): State => {
  const { isAwaited = true, life = 60 * minute } = options
  const refresh = { id: 1, reason: isAwaited ? "cold" as const : "renewal" as const, giveUpAt: at(5000), isAwaited }
  const [state] = cachedToken.issued<Token, string, number>({ ...cachedToken.empty, refresh }, at(0), {
    id: 1,
    rules,
    token: token(1, 0, life),
    sent: at(0),
    jitter: 0
  })
  return state
}

const issue = (
  state: State,
  now: number,
  { id = 2, life = 60 * minute, name = 2, requestedAt = now, sent = now, shared }: {
    readonly id?: number
    readonly life?: number
    readonly name?: number
    readonly requestedAt?: number
    readonly sent?: number
    readonly shared?: cachedToken.SharedLatch
  } = {}
) =>
  cachedToken.issued(state, at(now), {
    id,
    rules,
    token: token(name, requestedAt, life),
    sent: at(sent),
    jitter: 0,
    shared
  })

const get = (state: State, now: number, id = 2) => cachedToken.get(state, at(now), { id, rules })

const fail = (
  state: State,
  now: number,
  failure: Failure,
  { again = true, demanded = 0, id = 2, pause = 1000 } = {}
) => cachedToken.failed(state, at(now), { id, failure, sent: at(now), pause, demanded, again })

describe("a cached token", () => {
  it("is returned by the fast path only when a caller has received it and no refresh is due", () => {
    const unused = withToken({ isAwaited: false })
    assert.isUndefined(cachedToken.fresh(unused, at(0)))
    const [used, decision] = get(unused, 0)
    assert.deepStrictEqual(decision, { _tag: "Serve", token: token(1, 0, 60 * minute), start: undefined })
    assert.deepStrictEqual(cachedToken.fresh(used, at(55 * minute - 1)), token(1, 0, 60 * minute))
    assert.isUndefined(cachedToken.fresh(used, at(55 * minute)))
    assert.strictEqual(get(used, 1)[0], used)
  })

  it("is refreshed for callers that do not wait, with the time after which the refresh gives up", () => {
    const [state, decision] = get(withToken(), 55 * minute)
    const refresh = { id: 2, reason: "renewal" as const, giveUpAt: at(55 * minute + 5000), isAwaited: false }
    assert.deepStrictEqual(state.refresh, refresh)
    assert(decision._tag === "Serve")
    assert.deepStrictEqual(decision.start, { refresh, refreshAt: at(55 * minute) })
  })

  it("is requested again when its refresh shows no progress, in a runtime that may cut off a refresh", () => {
    const mayBeCut = { ...rules, refreshLife: 1000 }
    const at0 = 55 * minute
    const next = (state: State, now: number, id: number) => cachedToken.get(state, at(now), { id, rules: mayBeCut })
    const [begun] = next(withToken(), at0, 2)
    assert.deepStrictEqual(begun.refresh?.lostFrom, at(at0 + 1000))
    assert.strictEqual(next(begun, at0 + 999, 3)[0].refresh?.id, 2)
    const alive = cachedToken.alive(begun, at(at0 + 999), { id: 2, rules: mayBeCut })
    assert.deepStrictEqual(alive.refresh?.lostFrom, at(at0 + 1999))
    assert.strictEqual(next(alive, at0 + 1998, 3)[0].refresh?.id, 2)
    const [again, decision] = next(alive, at0 + 1999, 3)
    assert.strictEqual(again.refresh?.id, 3)
    assert(decision._tag === "Serve" && decision.start !== undefined)
    // Progress of the replaced refresh changes nothing.
    assert.strictEqual(cachedToken.alive(again, at(at0 + 2000), { id: 2, rules: mayBeCut }), again)
    const ended = cachedToken.ended(again, 3)
    assert.strictEqual(cachedToken.alive(ended, at(at0 + 2000), { id: 3, rules: mayBeCut }), ended)
    const [waiting, waits] = next(again, 60 * minute, 4)
    assert.strictEqual(waiting.refresh?.id, 4)
    assert(waits._tag === "Wait" && waits.start !== undefined)
  })

  it("that is requested for waiting callers counts as used, also from the first caller that joins", () => {
    const [refreshing] = get(withToken(), 55 * minute)
    const [joined, decision] = get(refreshing, 60 * minute, 3)
    assert(decision._tag === "Wait" && decision.start === undefined)
    assert.isTrue(joined.refresh?.isAwaited)
    assert.isTrue(issue(joined, 60 * minute)[0].cached?.isUsed)
    assert.isFalse(issue(refreshing, 60 * minute)[0].cached?.isUsed)
  })

  it("that is replaced is described: whether it was used, how long before its expiry, how long requests had failed", () => {
    const [refreshing] = get(withToken(), 55 * minute)
    const [issued, replaced] = issue(refreshing, 56 * minute)
    assert.deepStrictEqual(replaced, { wasUnused: false, ahead: 4 * minute, failing: 0 })
    const [again] = cachedToken.refresh(issued, at(57 * minute), { id: 3, rules, token: token(2, 0, 0) })
    assert.deepStrictEqual(issue(again, 58 * minute, { id: 3, name: 3 })[1], {
      wasUnused: true,
      ahead: 58 * minute,
      failing: 0
    })
    const [cold] = get(cachedToken.empty, 0)
    assert.deepStrictEqual(issue(cold, 0)[1], { wasUnused: false, ahead: 0, failing: 0 })
  })

  it("counts how long its refresh fails, from failure to failure", () => {
    const [first] = get(withToken(), 55 * minute)
    const [failed, after] = fail(first, 55 * minute, unavailable, { again: false })
    assert.deepStrictEqual(after, { _tag: "GiveUp", failing: 0 })
    const [second] = get(failed, 56 * minute, 3)
    const [failedAgain, afterAgain] = fail(second, 56 * minute, unavailable, { again: false, id: 3 })
    assert.deepStrictEqual(afterAgain, { _tag: "GiveUp", failing: minute })
    const [third] = get(failedAgain, 58 * minute, 4)
    const [issued, replaced] = issue(third, 58 * minute, { id: 4, sent: 58 * minute })
    assert.strictEqual(replaced?.failing, 2 * minute)
    assert.isUndefined(issued.renewalFailedAt)
    // Only the time on the steady clock counts, and only failures while a token was served.
    const back = { ...third, renewalFailedAt: { wall: 0, steady: 59 * minute } }
    assert.strictEqual(issue(back, 58 * minute, { id: 4 })[1]?.failing, 0)
    const [expired] = get(withToken(), 60 * minute)
    assert.deepStrictEqual(fail(expired, 60 * minute, unavailable)[0].renewalFailedAt, undefined)
  })

  it("is used to its expiry when the rest of a budget is reserved, with no pause", () => {
    const reserved: Failure = { error: "reserved", retryable: true, isReserved: true }
    const [refreshing] = get(withToken(), 55 * minute)
    const [state, after] = fail(refreshing, 55 * minute, reserved)
    assert.deepStrictEqual(after, { _tag: "GiveUp", failing: 0 })
    assert.deepStrictEqual([state.refresh, state.pause], [undefined, undefined])
    assert.deepStrictEqual(state.cached?.refreshFrom, at(60 * minute - 10_000))
    assert.deepStrictEqual(cachedToken.fresh(state, at(59 * minute))?.value, "token-1")
    // Without a token there is nothing to use.
    const [cold] = get(cachedToken.empty, 0)
    assert.deepStrictEqual(fail(cold, 0, reserved)[0].pause, {
      until: at(1000),
      failure: reserved,
      checkFrom: at(cachedToken.checkEvery)
    })
  })

  it("that expires at most a second later than the last one is used to its expiry", () => {
    const [refreshing] = get(withToken(), 55 * minute)
    const end = (life: number, options = {}) =>
      issue(refreshing, 56 * minute, { life, ...options })[0].cached?.refreshFrom.wall
    assert.strictEqual(end(4 * minute), 60 * minute)
    assert.strictEqual(end(4 * minute + 1000), 60 * minute + 1000)
    assert.strictEqual(end(4 * minute + 1001), 56 * minute + (4 * minute + 1001) * 0.8)
    // Either clock suffices: the wall clock was set, or the machine slept.
    for (const clock of ["wall", "steady"] as const) {
      const cached = refreshing.cached ?? assert.fail("no token")
      const expires = { ...cached.expires, [clock]: 70 * minute }
      const state = { ...refreshing, cached: { ...cached, expires } }
      assert.isBelow(issue(state, 56 * minute, { life: 5 * minute })[0].cached?.refreshFrom.wall ?? 0, 61 * minute)
    }
    // A short lifetime: half of it.
    const short = issue(refreshing, 60 * minute - 4, { life: 6 })[0].cached
    assert.deepStrictEqual([short?.refreshFrom.wall, short?.usableUntil.wall], [60 * minute + 2, 60 * minute + 2])
    assert.isBelow(issue(refreshing, 60 * minute - 2, { life: 6 })[0].cached?.refreshFrom.wall ?? 0, 60 * minute + 4)
  })

  it("from a forced refresh is refreshed early, whatever its lifetime", () => {
    const [forced] = cachedToken.refresh(withToken(), at(minute), { id: 2, rules, token: token(1, 0, 0) })
    assert.strictEqual(forced.refresh?.reason, "forced")
    assert.strictEqual(issue(forced, minute, { life: minute })[0].cached?.refreshFrom.wall, minute + minute * 0.8)
  })

  it("that is issued again keeps its history; if expired, it causes a pause of a second", () => {
    const known = withToken()
    const cached = { ...(known.cached ?? assert.fail("no token")), isConfirmed: true, rejectedAt: 5 }
    const [refreshing] = get({ ...known, cached }, 60 * minute)
    const [alive] = issue(refreshing, 60 * minute, { name: 1, life: minute })
    assert.deepStrictEqual([alive.cached?.isConfirmed, alive.cached?.rejectedAt, alive.pause], [true, 5, undefined])
    const [ended] = issue(refreshing, 60 * minute, { name: 1, life: 0 })
    assert.deepStrictEqual(ended.pause, {
      until: at(60 * minute + 1000),
      failure: undefined,
      checkFrom: at(60 * minute + cachedToken.checkEvery)
    })
    const [other] = issue(refreshing, 60 * minute, { name: 2, life: 0 })
    assert.deepStrictEqual([other.cached?.isConfirmed, other.cached?.rejectedAt, other.pause], [
      false,
      undefined,
      undefined
    ])
  })
})

describe("a caller", () => {
  it("gets the cached token while a refresh is in progress, which stays the only one", () => {
    const [refreshing] = get(withToken(), 55 * minute)
    assert.deepStrictEqual(get(refreshing, 56 * minute, 3), [refreshing, {
      _tag: "Serve",
      token: token(1, 0, 60 * minute),
      start: undefined
    }])
  })

  it("that requests a replacement of an older token gets the cached one, and starts its refresh when that is due", () => {
    const [, decision] = cachedToken.refresh(withToken(), at(55 * minute), { id: 7, rules, token: token(9, 0, 0) })
    assert(decision._tag === "Serve")
    assert.deepStrictEqual([decision.token.value, decision.start?.refresh.id], ["token-1", 7])
  })
})

describe("a failed request", () => {
  it("is retried until the refresh gives up", () => {
    const [cold] = get(cachedToken.empty, 0)
    assert.deepStrictEqual(fail(cold, 0, unavailable)[1], { _tag: "Retry", at: at(1000), failing: 0 })
    for (
      const [failure, options] of [
        [unavailable, { again: false }],
        [wrongSecret, {}],
        [unavailable, { pause: 5000 }]
      ] as const
    ) {
      const [state, after] = fail(cold, 0, failure, options)
      assert.deepStrictEqual(after, { _tag: "GiveUp", failing: 0 })
      assert.isUndefined(state.refresh)
    }
    assert.strictEqual(fail(cold, 0, unavailable, { pause: 4999 })[1]._tag, "Retry")
  })

  it("is returned to callers during its pause, unless a retry is near", () => {
    const after = (failure: Failure, pause: number) =>
      fail(get(cachedToken.empty, 0)[0], 0, failure, { again: false, pause })[0]
    const long = after(unavailable, 5001)
    const failed = { _tag: "Fail", reason: "cold", mayCheck: false } as const
    assert.deepStrictEqual(get(long, 0), [long, { ...failed, error: "unavailable", millisLeft: 5001 }])
    const [, near] = get(after(unavailable, 5000), 0)
    assert(near._tag === "Wait")
    assert.deepStrictEqual(near.start?.refreshAt, at(5000))
    const permanent = after(wrongSecret, 10)
    assert.deepStrictEqual(get(permanent, 0)[1], { ...failed, error: "wrong secret", millisLeft: 10 })
    const [, later] = get(permanent, 10)
    assert(later._tag === "Wait")
    assert.deepStrictEqual(later.start, {
      refresh: { id: 2, reason: "cold", giveUpAt: at(5010), isAwaited: true },
      refreshAt: at(10)
    })
  })

  it("may be checked by one caller of each interval, who can end its pause", () => {
    const [cold] = get(cachedToken.empty, 0)
    let [state] = fail(cold, 0, wrongSecret, { again: false, pause: 60 * minute })
    const mayCheck = [0, 9_999, 10_000, 10_001, 19_999, 25_000, 34_999, 35_000].map((millis) => {
      const [next, decision] = get(state, millis)
      state = next
      return decision._tag === "Fail" && decision.mayCheck
    })
    assert.deepStrictEqual(mayCheck, [false, false, true, false, false, true, false, true])
    // The pause of a later failure stays.
    assert.strictEqual(cachedToken.resume(state, at(35_000), "unavailable"), state)
    assert.strictEqual(cachedToken.resume(cachedToken.empty, at(0), "unavailable"), cachedToken.empty)
    const withoutFailure = { ...state, pause: { ...(state.pause ?? assert.fail()), failure: undefined } }
    assert.strictEqual(cachedToken.resume(withoutFailure, at(35_000), "wrong secret"), withoutFailure)
    const resumed = cachedToken.resume(state, at(35_000), "wrong secret")
    assert.strictEqual(cachedToken.health(resumed, at(35_000)).lastFailure, "wrong secret")
    const [, later] = get(resumed, 35_000)
    assert(later._tag === "Wait")
    assert.deepStrictEqual(later.start?.refreshAt, at(35_000))
  })

  it("does not affect a usable token during its pause", () => {
    const [refreshing] = get(withToken(), 55 * minute)
    const [failed] = fail(refreshing, 55 * minute, unavailable, { again: false, pause: minute })
    assert.strictEqual(get(failed, 56 * minute - 1)[0].refresh, undefined)
    assert.strictEqual(get(failed, 56 * minute)[0].refresh?.reason, "renewal")
  })
})

describe("the pause of a failed refresh", () => {
  const expected = (pause: number, demanded: number, from = 59 * minute) => {
    const [refreshing] = get(withToken(), from)
    const { pause: { until } = assert.fail("no pause") } = fail(refreshing, from, unavailable, { pause, demanded })[0]
    return until.wall
  }
  const usableUntil = 60 * minute - 10_000

  it("ends when the token cannot be used any more, but not before the server allows it", () => {
    assert.strictEqual(expected(49_999, 0), usableUntil - 1)
    assert.strictEqual(expected(72_000, 0), usableUntil)
    assert.strictEqual(expected(72_000, 30_000), usableUntil)
    assert.strictEqual(expected(72_000, 72_000), 59 * minute + 72_000)
    assert.strictEqual(expected(72_000, 0, usableUntil), usableUntil + 72_000)
    assert.strictEqual(
      fail(get(cachedToken.empty, 0)[0], 0, unavailable, { pause: 72_000 })[0].pause?.until.wall,
      72_000
    )
  })
})

describe("a rejected token", () => {
  const invalidate = (state: State, now: number, name = 1) =>
    cachedToken.invalidate(state, at(now), { rules, token: token(name, 0, 60 * minute) })
  const confirm = (state: State, name: number) => cachedToken.confirm(state, { rules, token: token(name, 0, 0) })

  /** A token that replaced a rejected one at that time. */
  const replacement = (now: number, options = {}): State => {
    const [rejected] = invalidate(withToken(), now)
    return issue(get(rejected, now)[0], now, options)[0]
  }

  it("is removed; another one is not", () => {
    const state = withToken()
    const [rejected, isReplaced] = invalidate(state, minute)
    assert.deepStrictEqual([rejected.cached, rejected.rejected, isReplaced], [
      undefined,
      { token: token(1, 0, 60 * minute), isConfirmed: false },
      true
    ])
    assert.deepStrictEqual(invalidate(state, minute, 7), [state, true])
    assert.deepStrictEqual(invalidate(rejected, minute), [rejected, true])
    assert.strictEqual(get(rejected, minute)[0].refresh?.reason, "rejected")
  })

  it("whose replacement is rejected too is kept until the latch opens, with its age", () => {
    const state = replacement(0)
    assert.deepStrictEqual([state.replaced, state.rejected, state.latchedUntil], [1, undefined, at(minute)])
    const [latched, isReplaced] = invalidate(state, 5000, 2)
    assert.deepStrictEqual([isReplaced, latched.cached?.rejectedAt], [false, 5000])
    const [again] = invalidate(latched, 9000, 2)
    assert.strictEqual(again.cached?.rejectedAt, 5000)
    assert.deepStrictEqual(invalidate(latched, minute, 2)[1], true)
  })

  it("is replaced after growing pauses", () => {
    let state = replacement(0)
    let now = 0
    for (const pause of [1, 10, 120, 720, 720]) {
      assert.deepStrictEqual(state.latchedUntil, at(now + pause * minute))
      now += pause * minute
      const [rejected] = invalidate(state, now, 2)
      state = issue(get(rejected, now)[0], now)[0]
    }
  })

  it("that another process replaced causes no pause", () => {
    const state = replacement(minute, { requestedAt: minute - 1, sent: minute })
    assert.deepStrictEqual([state.rejected, state.replaced, state.latchedUntil], [undefined, 0, undefined])
    assert.deepStrictEqual(replacement(minute, { requestedAt: minute, sent: minute }).latchedUntil, at(2 * minute))
  })

  it("whose replacement comes with the latch of all processes has that latch", () => {
    for (const state of [withToken(), invalidate(withToken(), minute)[0]]) {
      const [requesting] = cachedToken.refresh(state, at(minute), { id: 2, rules, token: token(1, 0, 0) })
      const latched = issue(requesting, minute, { shared: { replaced: 3, until: 5 * minute } })[0]
      assert.deepStrictEqual([latched.replaced, latched.latchedUntil, latched.rejected], [3, at(5 * minute), undefined])
      assert.strictEqual(latched.cached?.token.value, "token-2")
      const passed = issue(requesting, minute, { shared: { replaced: 3, until: 0 } })[0]
      assert.deepStrictEqual(passed.latchedUntil, at(minute))
    }
  })

  it("has data for the latch of all processes: whether it was confirmed, and the pauses", () => {
    assert.isUndefined(cachedToken.rejection(withToken(), rules))
    const pauses = (state: State) => {
      const { pauseAfter, ...rest } = cachedToken.rejection(state, rules) ?? assert.fail("no rejected token")
      return [rest, [1, 2, 9].map((replaced) => pauseAfter(replaced) / minute)]
    }
    const after = [1, 10, 720]
    const [rejected] = invalidate(withToken(), 0)
    assert.deepStrictEqual(pauses(rejected), [{ isConfirmed: false, atLeast: 0 }, after])
    const [confirmed] = invalidate(confirm(replacement(0), 2), 2000, 2)
    assert.deepStrictEqual(pauses(confirmed), [{ isConfirmed: true, atLeast: 0 }, after])
    // Early rejections in a row count as rejections of replacements.
    const inARow = { ...confirmed, early: { count: 4, soon: 4 } }
    assert.deepStrictEqual(pauses(inARow), [{ isConfirmed: false, atLeast: 1 }, after])
  })

  it("whose replacement is confirmed opens the latch", () => {
    const state = replacement(0)
    const confirmed = confirm(state, 2)
    assert.deepStrictEqual([confirmed.cached?.isConfirmed, confirmed.replaced, confirmed.latchedUntil], [
      true,
      0,
      undefined
    ])
    assert.strictEqual(confirm(state, 1), state)
    assert.strictEqual(confirm(cachedToken.empty, 1), cachedToken.empty)
  })

  it("counts as early only when it was confirmed, and keeps the latch from the third one on", () => {
    assert.deepStrictEqual(invalidate(replacement(0), minute, 2)[0].early, earlyRejections.none)
    let state = confirm(replacement(0), 2)
    for (const count of [1, 2, 3]) {
      const [rejected] = invalidate(state, 2000 * count, 2)
      assert.deepStrictEqual(rejected.early, { count, soon: count })
      state = confirm(issue(get(rejected, 2000 * count)[0], 2000 * count)[0], 2)
    }
    assert.deepStrictEqual(state.latchedUntil, at(6000 + minute))
    assert.strictEqual(invalidate(state, 7000, 2)[1], false)
    assert.strictEqual(cachedToken.health(state, at(6000)).latchedFor, minute)
  })

  it("ends the row of early ones when a token is used until its refresh", () => {
    const early = { count: 2, soon: 2 }
    const [refreshing] = get({ ...withToken(), early }, 55 * minute)
    assert.deepStrictEqual(issue(refreshing, 55 * minute)[0].early, earlyRejections.none)
    const [forced] = cachedToken.refresh({ ...withToken(), early }, at(minute), { id: 2, rules, token: token(1, 0, 0) })
    assert.deepStrictEqual(issue(forced, minute)[0].early, early)
    const { cached } = refreshing
    const rejected = { ...refreshing, cached: { ...(cached ?? assert.fail("no token")), rejectedAt: 1 } }
    assert.deepStrictEqual(issue(rejected, 55 * minute)[0].early, early)
    const [cold] = get({ ...cachedToken.empty, early }, 0)
    assert.deepStrictEqual(issue(cold, 0)[0].early, early)
  })
})

describe("a token that the program revoked", () => {
  const forget = (state: State, now: number, name = 1) =>
    cachedToken.forget(state, at(now), { rules, token: token(name, 0, 60 * minute) })

  it("is replaced by the next caller, by a request that names it; another one is not", () => {
    const state = withToken()
    const forgotten = forget(state, minute)
    assert.deepStrictEqual(cachedToken.current(forgotten, at(minute)), [])
    assert.lengthOf(cachedToken.current(state, at(minute)), 1)
    const [requesting] = get(forgotten, minute)
    assert.deepStrictEqual([requesting.refresh?.reason, requesting.cached?.token], [
      "expired",
      token(1, 0, 60 * minute)
    ])
    assert.strictEqual(forget(state, minute, 7), state)
    assert.strictEqual(forget(cachedToken.empty, minute), cachedToken.empty)
    assert.deepStrictEqual(cachedToken.current(cachedToken.empty, at(minute)), [])
  })

  it("causes no pause, however often", () => {
    let state = withToken()
    for (let name = 1; name < 10; name += 1) {
      state = issue(get(forget(state, minute * name, name === 1 ? 1 : 2), minute * name)[0], minute * name)[0]
      assert.deepStrictEqual([state.latchedUntil, state.replaced, state.pause], [undefined, 0, undefined])
    }
  })

  it("does not count as rejected when the API rejects a call that still carried it", () => {
    const forgotten = forget(withToken(), minute)
    const requesting = get(forgotten, minute)[0]
    for (const state of [forgotten, requesting]) {
      const rejected = cachedToken.invalidate(state, at(minute), { rules, token: token(1, 0, 60 * minute) })
      assert.deepStrictEqual(rejected, [state, true])
    }
    const { cached, latchedUntil, replaced } = issue(requesting, minute)[0]
    assert.deepStrictEqual([cached?.isRevoked, latchedUntil, replaced], [false, undefined, 0])
  })

  it("does not end the row of early rejections", () => {
    const early = { count: 2, soon: 2 }
    const [requesting] = get(forget({ ...withToken(), early }, minute), minute)
    assert.deepStrictEqual(issue(requesting, minute)[0].early, early)
  })
})

describe("the status", () => {
  it("of an empty cache has neither token nor failure", () => {
    assert.deepStrictEqual(cachedToken.health(cachedToken.empty, at(0)), {
      isUsable: false,
      expiresIn: undefined,
      lastFailure: undefined,
      pausedFor: undefined,
      latchedFor: undefined
    })
  })

  it("has the time until the expiry while the token is usable", () => {
    const now = (millis: number) => {
      const { expiresIn, isUsable } = cachedToken.health(withToken(), at(millis))
      return [isUsable, expiresIn]
    }
    assert.deepStrictEqual(now(minute), [true, 59 * minute])
    assert.deepStrictEqual(now(60 * minute - 10_001), [true, 10_001])
    assert.deepStrictEqual(now(60 * minute - 10_000), [false, undefined])
  })

  it("has the last failure, also after its pause", () => {
    const [failed] = fail(get(cachedToken.empty, 0)[0], 0, wrongSecret)
    const now = (millis: number) => {
      const { lastFailure, pausedFor } = cachedToken.health(failed, at(millis))
      return [lastFailure, pausedFor]
    }
    assert.deepStrictEqual(now(0), ["wrong secret", 1000])
    assert.deepStrictEqual(now(999), ["wrong secret", 1])
    assert.deepStrictEqual(now(1000), ["wrong secret", undefined])
  })

  it("has no failure in the pause after the same token was issued again", () => {
    const paused = { ...cachedToken.empty, pause: { until: at(1000), failure: undefined, checkFrom: at(0) } }
    const { lastFailure, pausedFor } = cachedToken.health(paused, at(0))
    assert.deepStrictEqual([lastFailure, pausedFor], [undefined, 1000])
  })

  it("has the latch while replacements do not help", () => {
    const latched = { ...withToken(), replaced: 1, latchedUntil: at(1000) }
    assert.strictEqual(cachedToken.health(latched, at(400)).latchedFor, 600)
    assert.strictEqual(cachedToken.health(latched, at(1000)).latchedFor, undefined)
    assert.strictEqual(cachedToken.health({ ...latched, replaced: 0 }, at(400)).latchedFor, undefined)
  })
})
