/**
 * The cost of a decision of a budget by the number of requests in its ledger, beside one with an empty ledger in the same run.
 */
import type { TokenEndpoint } from "@effect-oauth/client-credentials"
import { AccessToken, ClientConfig, IssuanceBudget, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import { show } from "./numbers.js"

/** Times are processor time of one decision in milliseconds, medians of the batches. */
export interface Cost {
  readonly entries: number
  readonly empty: number
  readonly filled: number
}

export interface Size {
  readonly entries: number
  readonly batches: number
  readonly decisions: number
}

export const size: Size = { entries: 10_000, batches: 40, decisions: 25 }

const window = 2 * 86_400_000

/** A clock on which the entries of a ledger are a day in all apart. */
const spread = () => {
  const live = Clock.make()
  let ahead = 0
  const millis = () => live.unsafeCurrentTimeMillis() + ahead
  const nanos = () => live.unsafeCurrentTimeNanos() + BigInt(ahead) * 1_000_000n
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: millis,
    currentTimeMillis: Effect.sync(millis),
    unsafeCurrentTimeNanos: nanos,
    currentTimeNanos: Effect.sync(nanos),
    sleep: (duration) => live.sleep(duration)
  }
  return { clock, forward: (duration: number) => void (ahead += duration) }
}

/** Issues a token at once, so that only the decision costs time. */
const issuing: TokenEndpoint.TokenEndpoint["requestToken"] = () =>
  Effect.map(Clock.currentTimeMillis, (requestedAt) => ({
    token: new AccessToken.AccessToken({
      value: Redacted.make("token"),
      scope: undefined,
      requestedAt,
      expiresAt: requestedAt + window
    }),
    quotas: []
  }))

const seal = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")

/** Creates a budget with its own store, whose requests follow each other as far apart as a day has room for them. */
const start = (entries: number) =>
  Effect.gen(function*() {
    const { request } = yield* ClientConfig.ClientConfig
    const budget = yield* IssuanceBudget.make({ limit: 10 * entries, window, warnAt: [] })
    const { clock, forward } = spread()
    const { requestToken } = budget.decorate({ request, requestToken: issuing })
    const decide = (times: number) =>
      Effect.forEach(Array.from({ length: times }), () => {
        forward(Math.floor(86_400_000 / entries))
        return requestToken(request)
      }, { discard: true }).pipe(Effect.withClock(clock))
    return { budget, decide }
  }).pipe(Effect.provide([
    ClientConfig.layer({
      tokenUrl: "https://auth.example.com/oauth/token",
      clientId: "inventory-sync",
      clientSecret: Redacted.make("secret"),
      apiBaseUrl: "https://api.example.com"
    }),
    Layer.orDie(TokenSeal.layer([Redacted.make(seal)])),
    TokenStore.layerMemory
  ]))

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** Measures both in turns, so that other load on the machine affects both. */
export const measure = ({ batches, decisions, entries }: Size): Promise<Cost & { readonly counted: number }> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const [empty, filled] = yield* Effect.all([start(entries), start(entries)])
    yield* filled.decide(entries)
    const times: { readonly [K in "empty" | "filled"]: Array<number> } = { empty: [], filled: [] }
    const timed = (decide: Effect.Effect<void, unknown>, into: Array<number>) =>
      Effect.gen(function*() {
        const before = process.cpuUsage()
        yield* decide
        const { system, user } = process.cpuUsage(before)
        into.push((user + system) / 1000 / decisions)
      })
    for (let batch = 0; batch < batches; batch += 1) {
      yield* empty.budget.reset
      yield* timed(empty.decide(decisions), times.empty)
      yield* timed(filled.decide(decisions), times.filled)
    }
    const { limits } = yield* filled.budget.ledger
    return { entries, empty: median(times.empty), filled: median(times.filled), counted: limits[0]?.counted ?? 0 }
  })))

/** Returns the section of the page. */
export const section = ({ empty, entries, filled }: Cost): string =>
  [
    "## A long ledger",
    "A budget stores the time of each counted request. A decision reads, opens, evaluates, seals and writes the ledger. With " +
    `${show(entries, "requests")} counted requests it costs ${
      (filled / empty).toFixed(1)
    } times the processor time of one ` +
    "with none, with a store in memory. Both are measured in turns in one run; the times of the machine are in " +
    "[results/ledger.json](results/ledger.json).",
    "    npm run bench:ledger",
    ""
  ].join("\n\n")
