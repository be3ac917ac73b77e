import { assert, describe, it } from "@effect/vitest"
import { AccessToken, type OAuthError } from "@effect-oauth/client-credentials"
import { Either, FastCheck as fc, Redacted } from "effect"

import * as parts from "../src/internal/config/parts.js"
import * as rules from "../src/internal/config/rules.js"
import * as cacheState from "../src/internal/token/cacheState.js"
import * as earlyRejections from "../src/internal/token/earlyRejections.js"
import type { Instant } from "../src/internal/token/instant.js"
import * as seeded from "./support/seeded.js"
import { unavailable, wrongSecret } from "./support/tokenEndpoint.js"

const policy = Either.getOrThrow(rules.validate(parts.tokenCache, {}))
const minute = 60_000

type Which = "held" | "old"

type Step =
  | { readonly _tag: "Ask" | "End" | "Stray" }
  | { readonly _tag: "AskOther" | "Reject" | "Accept"; readonly which: Which }
  | { readonly _tag: "Issue"; readonly life: number; readonly again: boolean; readonly jitter: number }
  | { readonly _tag: "Fail"; readonly error: OAuthError.TokenError; readonly pause: number; readonly again: boolean }
  | { readonly _tag: "Move"; readonly wall: number; readonly steady: number }

const which = fc.constantFrom<Which>("held", "held", "old")
const millis = fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 86_400_000 }))

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step>({ _tag: "Ask" }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ _tag: "End" }, { _tag: "Stray" }) },
  {
    weight: 5,
    arbitrary: fc.record<Step>({ _tag: fc.constantFrom("AskOther" as const, "Reject", "Reject", "Accept"), which })
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
      error: fc.constantFrom(unavailable, unavailable, wrongSecret),
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

/** A token as a user would describe it: when it was asked for and how long it lives. */
interface Held {
  readonly token: AccessToken.AccessToken
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
  let state: cacheState.State<number> = cacheState.empty
  let now: Instant = { wall: 0, steady: 0 }
  let names = 0

  // The model.
  let held: Held | undefined
  let old = token(names, 0, 0)
  let flight: { readonly id: number; readonly begun: Instant; readonly reason: cacheState.Reason } | undefined
  let pause:
    | { readonly from: Instant; readonly millis: number; readonly error: OAuthError.TokenError | undefined }
    | undefined
  let latch: { readonly from: Instant; readonly millis: number } | undefined
  let refused = false
  let unhelped = 0
  // Rejections of tokens that worked, in a row.
  let early = earlyRejections.none

  /** By the clock on which more time has passed. */
  const since = (moment: Instant): number => Math.max(now.wall - moment.wall, now.steady - moment.steady)
  const stop = ({ life, noGain }: Held): number => noGain ? 0 : Math.min(10_000, life / 10)
  const usable = (): Held | undefined =>
    held !== undefined && since(held.sent) < held.life - stop(held) ? held : undefined
  const pauseLeft = (): number => pause === undefined ? 0 : Math.max(0, pause.millis - since(pause.from))
  const same = (one: AccessToken.AccessToken) =>
    held !== undefined && Redacted.value(held.token.value) === Redacted.value(one.value)

  const expectFlight = (answer: cacheState.Answer<number>, id: number, reason: cacheState.Reason) => {
    if (flight !== undefined) {
      assert.deepStrictEqual([answer._tag, answer._tag === "Wait" && answer.flight.id], ["Wait", flight.id])
      assert(answer._tag === "Wait" && answer.departure === undefined, "one flight at a time")
      return
    }
    const left = pauseLeft()
    if (left > 0 && pause?.error !== undefined && (!pause.error.retryable || left > policy.retryTimeout)) {
      assert(answer._tag === "Refuse", "a caller is not kept waiting for long")
      assert.deepStrictEqual([answer.error, answer.millisLeft], [pause.error, left])
      return
    }
    assert(answer._tag === "Wait" && answer.departure !== undefined)
    assert.deepStrictEqual([answer.flight.id, answer.flight.reason], [id, reason])
    assert.strictEqual(since(answer.departure.at), -left, "no request before the pause is over")
    flight = { id, begun: now, reason }
  }

  const expectServed = (answer: cacheState.Answer<number>, id: number, { life, noGain, sent, token }: Held) => {
    assert(answer._tag === "Serve", "no caller waits or fails while a token is usable")
    assert.strictEqual(answer.token, token)
    const end = Math.min(10_000, life / 10)
    const window = Math.max(end, Math.min(5 * minute, life / 5))
    const renews = answer.departure !== undefined
    if (renews) {
      assert(flight === undefined && pauseLeft() === 0 && !noGain, "a renewal begins only when it may")
      assert.isAtLeast(since(sent), life - window, "and not early")
      assert.deepStrictEqual([answer.departure.flight.id, answer.departure.flight.reason], [id, "renewal"])
      flight = { id, begun: now, reason: "renewal" }
    } else if (flight === undefined && pauseLeft() === 0 && !noGain) {
      assert.isBelow(since(sent), life - window + (window - end) / 2, "nor late")
    }
  }

  for (const one of steps) {
    switch (one._tag) {
      case "Move":
        now = { wall: now.wall + one.wall, steady: now.steady + one.steady }
        break
      case "Ask": {
        const id = names += 1
        const expired = held !== undefined
        const [next, answer] = cacheState.asked(state, now, { id, policy })
        const served = usable()
        if (served !== undefined) expectServed(answer, id, served)
        else expectFlight(answer, id, expired ? "expired" : refused ? "rejected" : "cold")
        const fresh = cacheState.fresh(state, now)
        if (fresh !== undefined) assert(answer._tag === "Serve" && answer.token === fresh, "the short way is the same")
        state = next
        break
      }
      case "AskOther": {
        const id = names += 1
        const than = one.which === "held" ? held?.token ?? old : old
        const [next, answer] = cacheState.askedForOther(state, now, { id, policy, token: than })
        const served = usable()
        if (served !== undefined && !same(than)) expectServed(answer, id, served)
        else expectFlight(answer, id, "forced")
        state = next
        break
      }
      case "Issue": {
        if (flight === undefined) break
        const name = one.again && held !== undefined ? Number(Redacted.value(held.token.value).slice(6)) : names += 1
        const sent = now
        const issued = token(name, sent.wall, one.life)
        const again = same(issued)
        const before = held
        const later = before === undefined ||
          (["wall", "steady"] as const).some((clock) =>
            sent[clock] + one.life > before.sent[clock] + before.life + Math.min(1000, one.life / 2)
          )
        state = cacheState.issued(state, now, { id: flight.id, token: issued, sent, jitter: one.jitter, policy })
        if (held !== undefined) old = held.token
        const noGain = again || (flight.reason !== "forced" && !later)
        if (before !== undefined && before.rejectedAt === undefined && flight.reason !== "forced") {
          early = earlyRejections.none
        }
        held = {
          token: issued,
          sent,
          life: one.life,
          noGain,
          worked: again && before?.worked === true,
          rejectedAt: again ? before?.rejectedAt : undefined
        }
        flight = undefined
        pause = again && one.life === 0 ? { from: now, millis: 1000, error: undefined } : undefined
        if (refused) {
          const index = Math.max(unhelped, early.soon - 3)
          latch = { from: now, millis: ([1, 10, 120][index] ?? 720) * minute }
          unhelped += 1
          refused = false
        }
        break
      }
      case "Fail": {
        if (flight === undefined) break
        const { again, error } = one
        const [next, aftermath] = cacheState.failed(state, now, { id: flight.id, error, pause: one.pause, again })
        pause = { from: now, millis: one.pause, error }
        const goesOn = again && error.retryable && since(flight.begun) + one.pause < policy.retryTimeout
        assert.strictEqual(aftermath._tag, goesOn ? "Retry" : "GiveUp")
        if (aftermath._tag === "Retry") assert.strictEqual(since(aftermath.at), -one.pause)
        else flight = undefined
        state = next
        break
      }
      case "End":
        if (flight === undefined) break
        state = cacheState.ended(state, flight.id)
        flight = undefined
        break
      case "Reject": {
        const refusal = one.which === "held" ? held?.token ?? old : old
        const [next, another] = cacheState.rejected(state, now, refusal)
        const latched = same(refusal) && latch !== undefined && since(latch.from) < latch.millis
        assert.strictEqual(another, !latched)
        if (held !== undefined && same(refusal)) {
          const age = held.rejectedAt ?? Math.min(held.life, Math.max(0, since(held.sent)))
          if (latched) held = { ...held, rejectedAt: age }
          else if (held.worked) early = earlyRejections.next(early, { age, life: held.life })
        }
        if (same(refusal) && !latched) {
          old = refusal
          held = undefined
          refused = true
        }
        state = next
        break
      }
      case "Accept": {
        const accepted = one.which === "held" ? held?.token ?? old : old
        state = cacheState.accepted(state, accepted)
        if (held !== undefined && same(accepted)) {
          held = { ...held, worked: true }
          unhelped = 0
          if (early.soon < 3) latch = undefined
        }
        break
      }
      case "Stray": {
        const stray = { id: -1, policy, sent: now, jitter: 0, token: token(-1, now.wall, minute) }
        assert.strictEqual(cacheState.issued(state, now, stray), state)
        assert.strictEqual(cacheState.ended(state, -1), state)
        const [after, aftermath] = cacheState.failed(state, now, { id: -1, error: unavailable, pause: 0, again: true })
        assert.deepStrictEqual([after, aftermath._tag], [state, "GiveUp"])
      }
    }
  }
}

const token = (name: number, requestedAt: number, life: number) =>
  new AccessToken.AccessToken({
    value: Redacted.make(`token-${name}`),
    scope: undefined,
    requestedAt,
    expiresAt: requestedAt + life
  })

describe("the life of a token", () => {
  it("keeps its promises through any sequence of events", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), run),
      seeded.parameters("the life of a token", { quick: 2000, full: 20_000 }) as fc.Parameters<[ReadonlyArray<Step>]>
    )
  })
})
