import { readFileSync } from "node:fs"

import { assert, it } from "@effect/vitest"

import * as life from "../../src/internal/token/cachedToken.js"
import { type Instant, reached } from "../../src/internal/token/instant.js"
import { fromRoot } from "../support/repository.js"

interface Token {
  readonly value: number
  readonly requestedAt: number
  readonly expiresAt: number
}

type State = life.State<Token, string, number>

const rules: life.Rules<Token> = {
  refreshBefore: 300_000,
  refreshFraction: 1 / 5,
  expiryBuffer: 10_000,
  expiryBufferFraction: 1 / 10,
  retryTimeout: 5000,
  rejectionPauses: [60_000],
  isSame: (one, other) => one.value === other.value
}

const at = (millis: number): Instant => ({ wall: millis, steady: millis })

/** Returns the name of the state in guides/design.md. */
const nameOf = ({ cached, pause, refresh }: State, now: Instant): string => {
  const isUsable = cached !== undefined && !reached(cached.usableUntil, now)
  if (refresh !== undefined) return isUsable ? "Refreshing" : "Requesting"
  if (isUsable) return reached(cached.refreshFrom, now) ? "Due" : "Fresh"
  return pause !== undefined && !reached(pause.until, now) ? "Paused" : "Empty"
}

interface Moment {
  readonly state: State
  readonly now: number
  readonly tokens: number
}

/** Returns the possible next events, by their names in the guide. */
const next = ({ now, state, tokens }: Moment): ReadonlyArray<readonly [event: string, Moment]> => {
  const instant = at(now)
  const id = tokens + 1
  const cached = state.cached?.token
  const failure = { error: "unavailable", retryable: true, isReserved: false }
  const moments = [
    state.cached?.refreshFrom,
    state.cached?.usableUntil,
    state.cached?.expires,
    state.pause?.until
  ].flatMap((moment) => moment !== undefined && moment.wall > now ? [moment.wall] : [])
  return [
    ["get", { now, tokens: id, state: life.get(state, instant, { id, rules })[0] }],
    ...(cached === undefined ? [] : [
      ["refresh", { now, tokens: id, state: life.refresh(state, instant, { id, rules, token: cached })[0] }] as const,
      ["invalidate", { now, tokens, state: life.invalidate(state, instant, { rules, token: cached })[0] }] as const,
      ["forget", { now, tokens, state: life.forget(state, instant, { rules, token: cached }) }] as const
    ]),
    ...(state.refresh === undefined ? [] : [
      ["ended", { now, tokens, state: life.ended(state, state.refresh.id) }] as const,
      ["issued", {
        now,
        tokens: id,
        state: life.issued(state, instant, {
          id: state.refresh.id,
          rules,
          token: { value: id, requestedAt: now, expiresAt: now + 3_600_000 },
          sent: instant,
          jitter: 0
        })[0]
      }] as const,
      ...[1000, 7_200_000].map((pause) =>
        ["failed", {
          now,
          tokens,
          state: life.failed(state, instant, {
            id: state.refresh?.id ?? 0,
            failure,
            again: true,
            pause,
            demanded: pause,
            sent: instant
          })[0]
        }] as const
      )
    ]),
    ...(state.pause?.failure === undefined ? [] : [
      ["resume", { now, tokens, state: life.resume(state, instant, state.pause.failure.error) }] as const
    ]),
    ...moments.map((wall) => ["time", { now: wall, tokens, state }] as const)
  ]
}

/** Returns every change of state within a number of events, as lines of the diagram. */
const transitions = (depth: number): ReadonlyArray<string> => {
  const events = new Map<string, Set<string>>()
  let moments: ReadonlyArray<Moment> = [{ state: life.empty, now: 0, tokens: 0 }]
  for (let step = 0; step < depth; step += 1) {
    moments = moments.flatMap((moment) =>
      next(moment).map(([event, after]) => {
        const [from, to] = [nameOf(moment.state, at(moment.now)), nameOf(after.state, at(after.now))]
        const arrow = `${from} --> ${to}`
        if (from !== to) events.set(arrow, (events.get(arrow) ?? new Set()).add(event))
        return after
      })
    )
  }
  return [...events].map(([arrow, names]) => `${arrow}: ${[...names].sort().join(", ")}`).sort()
}

it("the diagram of the token lifecycle in guides/design.md has the transitions of the state machine", () => {
  const guide = readFileSync(fromRoot("guides/design.md"), "utf8")
  const [, diagram = ""] = /<!-- states: begin -->([\s\S]*)<!-- states: end -->/.exec(guide) ?? []
  const drawn = [...diagram.matchAll(/^ {2}(\w+ --> \w+: .*)$/gm)].map(([, line]) => line)
  assert.deepStrictEqual<ReadonlyArray<string | undefined>>(drawn.sort(), transitions(6))
})
