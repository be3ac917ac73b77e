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
  | { readonly _tag: "Fail"; readonly failure: Failure; readonly pause: number; readonly again: boolean }
  | { readonly _tag: "Move"; readonly wall: number; readonly steady: number }

const which = fc.constantFrom<Which>("cached", "cached", "old")
const millis = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 86_400_000 }))

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ _tag: "Get" }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ _tag: "End" }, { _tag: "Stray" }) },
  {
    weight: 5,
    arbitrary: fc.record<Step>({
      _tag: fc.constantFrom("Refresh" as const, "Invalidate", "Invalidate", "Confirm"),
      which
    })
  },
  {
    weight: 4,
    arbitrary: fc.record<Step>({
      _tag: fc.constant("Issue" as const),
      life: fc.oneof(fc.constantFrom(0, 1000, 45_000, 3_600_000, 86_400_000), millis),
      again: fc.boolean(),
      jitter: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    })
  },
  {
    weight: 2,
    arbitrary: fc.record<Step>({
      _tag: fc.constant("Fail" as const),
      failure: fc.constantFrom(unavailable, unavailable, wrongSecret),
      pause: fc.integer({ min: 0, max: 20_000 }),
      again: fc.boolean()
    })
  },
  {
    weight: 4,
    arbitrary: fc.oneof(
      // Time goes by; the wall clock is set; the machine sleeps, which its steady clock may not notice.
      millis.map((by): Step => ({ _tag: "Move", wall: by, steady: by })),
      fc.integer({ min: -90_000_000, max: 90_000_000 }).map((by): Step => ({ _tag: "Move", wall: by, steady: 0 })),
      millis.map((by): Step => ({ _tag: "Move", wall: by, steady: 0 }))
    )
  }
)

/** A token as a user would describe it: when it was requested and how long it lives. */
interface Cached {
  readonly token: Token
  readonly sent: Instant
  readonly life: number
  /** The server gave no longer life than there was: nothing is gained by leaving it early. */
  readonly noGain: boolean
  /** Whether it was accepted on a replay. */
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
  // Rejections of tokens that worked, in a row.
  let early = earlyRejections.none

  /** By the clock on which more time has passed. */
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
      assert(decision._tag === "Fail", "a caller is not kept waiting for long")
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
      assert(refresh === undefined && pauseLeft() === 0 && !noGain, "a renewal begins only when it may")
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
          assert(decision._tag === "Serve" && decision.token === fresh, "the short way is the same")
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
        const { again, failure } = one
        const [next, after] = cachedToken.failed(state, now, {
          id: refresh.id,
          failure,
          sent: now,
          pause: one.pause,
          again
        })
        pause = { from: now, millis: one.pause, failure }
        const goesOn = again && failure.retryable && since(refresh.begun) + one.pause < rules.retryTimeout
        assert.strictEqual(after._tag, goesOn ? "Retry" : "GiveUp")
        if (after._tag === "Retry") assert.strictEqual(since(after.at), -one.pause)
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
        const event = { id: -1, failure: unavailable, sent: now, pause: 0, again: true }
        assert.deepStrictEqual(cachedToken.failed(state, now, event), [state, { _tag: "GiveUp", failing: 0 }])
      }
    }
  }
}

describe("the life of a token", () => {
  it("keeps its promises through any sequence of events", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), run),
      seeded.parameters("the life of a token", { quick: 2000, full: 20_000 }) as fc.Parameters<[ReadonlyArray<Step>]>
    )
  })
})
