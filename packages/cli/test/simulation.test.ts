/**
 * The simulation of `simulate`, beside another one that goes through a fleet event by event.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"

import * as simulation from "../src/internal/simulation.js"

const hour = 3_600_000
const day = 24 * hour

const fleets = fc.record({
  most: fc.integer({ min: 1, max: 8 }),
  idle: fc.integer({ min: 0, max: 8 }),
  restarts: fc.constantFrom(0, 0.2, 0.5, 0.9, 1, 2, 3, 7.5),
  tokenLife: fc.integer({ min: hour, max: 3 * day }),
  audiences: fc.integer({ min: 1, max: 3 })
}).map(({ idle, ...fleet }): simulation.Fleet => ({ ...fleet, least: Math.max(0, fleet.most - idle) }))

interface Process {
  isRunning: boolean
  /** When it runs, the moment of its next token request. */
  nextRequest: number
}

/**
 * A fleet as a list of events in their order: starts, ends, requests. With `isShared`, one token is for all. Returns the
 * moments at which tokens are requested for one audience.
 */
const events = ({ least, most, restarts, tokenLife }: simulation.Fleet, isShared: boolean, until: number) => {
  const renewal = Math.round(tokenLife - Math.min(5 * 60_000, tokenLife / 5))
  const processes = Array.from({ length: most }, (): Process => ({ isRunning: false, nextRequest: Infinity }))
  let sharedNext = 0
  const requested: Array<number> = []
  const agenda: Array<{ readonly at: number; readonly process: number; readonly starts: boolean }> = []
  processes.forEach((_, process) => {
    const days = process < least ? [[0, until] as const] : Array.from(
      { length: Math.ceil(until / day) },
      (_, index) => [index * day, index * day + 12 * hour] as const
    )
    for (const [from, to] of days) {
      agenda.push({ at: from, process, starts: true }, { at: to, process, starts: false })
      for (let restart = 0; restarts > 0; restart += 1) {
        const at = from + Math.round((restart + (process + 0.5) / most) * day / restarts)
        if (at >= to) break
        agenda.push({ at, process, starts: true })
      }
    }
  })
  agenda.sort((one, other) => one.at - other.at)
  const request = (process: Process, at: number) => {
    requested.push(at)
    process.nextRequest = at + renewal
    sharedNext = at + renewal
  }
  let at = 0
  for (;;) {
    const [event] = agenda
    const running = processes.filter(({ isRunning }) => isRunning)
    const due = isShared
      ? running.length === 0 ? Infinity : Math.max(at, sharedNext)
      : Math.min(Infinity, ...running.map(({ nextRequest }) => nextRequest))
    const next = Math.min(event?.at ?? Infinity, due)
    if (next >= until) return requested
    at = next
    if (event !== undefined && event.at === next) {
      agenda.shift()
      const process = processes[event.process] as Process
      process.isRunning = event.starts
      if (event.starts && !isShared) request(process, at)
      continue
    }
    const process = isShared ? running[0] : running.find(({ nextRequest }) => nextRequest === due)
    request(process as Process, at)
  }
}

const counts = (fleet: simulation.Fleet, isShared: boolean) => {
  const renewal = Math.round(fleet.tokenLife - Math.min(5 * 60_000, fleet.tokenLife / 5))
  const settled = Math.ceil(Math.max(fleet.restarts === 0 ? 0 : day / fleet.restarts, renewal, day) / day) * day
  const until = 3 * settled
  const moments = events(fleet, isShared, until)
  const late = moments.filter((at) => at >= settled)
  const within = (from: number) => late.filter((at) => at >= from && at < from + day).length
  return {
    coldStart: fleet.audiences * moments.filter((at) => at < day).length,
    perDay: fleet.audiences * late.length / ((until - settled) / day),
    steady: fleet.audiences * Math.max(0, ...late.map(within))
  }
}

describe("the simulation", () => {
  it("agrees with one that goes through the events of a fleet", () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        assert.deepStrictEqual(simulation.separate(fleet), counts(fleet, false), "separate")
        assert.deepStrictEqual(simulation.shared(fleet), counts(fleet, true), "shared")
      }),
      { numRuns: 150 }
    )
  })

  it("counts at least one token for each start, and for each audience as many", () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const [separate, shared] = [simulation.separate(fleet), simulation.shared(fleet)]
        assert.isAtLeast(separate.coldStart, fleet.audiences * fleet.most)
        assert.isAtLeast(simulation.peak(separate), simulation.peak(shared))
        const single = simulation.separate({ ...fleet, audiences: 1 })
        assert.deepStrictEqual(separate.steady, fleet.audiences * single.steady)
      }),
      { numRuns: 50 }
    )
  })

  it("finds the largest fleet that a limit allows", () => {
    fc.assert(
      fc.property(fleets, fc.integer({ min: 1, max: 100 }), ({ least: _, ...rest }, limit) => {
        const fleet = { ...rest, least: rest.most }
        const most = (size: number) => simulation.peak(simulation.separate(simulation.resized(fleet, size)))
        const largest = simulation.largestWithin(limit, fleet, fleet.most) ?? 0
        if (largest > 0) assert.isAtMost(most(largest), limit)
        if (largest < fleet.most) assert.isAbove(most(largest + 1), limit)
      }),
      { numRuns: 50 }
    )
  })

  it("separates a cold start from the days after it", () => {
    const fleet = { least: 20, most: 20, restarts: 3, tokenLife: day, audiences: 1 }
    assert.deepStrictEqual(simulation.separate(fleet), { coldStart: 80, perDay: 60, steady: 60 })
    const rare = { ...fleet, restarts: 0.5, tokenLife: 3 * day }
    assert.deepStrictEqual(simulation.separate(rare), { coldStart: 30, perDay: 10, steady: 10 })
  })

  it("refreshes as the library does", () => {
    assert.strictEqual(simulation.renewedAfter(86_400_000), 86_100_000)
    assert.strictEqual(simulation.renewedAfter(45_000), 36_000)
  })
})
