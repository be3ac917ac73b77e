/**
 * Token requests and failed callers in scenarios, in virtual time.
 */

import type { Client, Contender } from "../contender.js"
import * as fake from "../transport/fake.js"
import { type VirtualTime, withVirtualTime } from "../virtualTime.js"
import * as World from "../world.js"

export interface Outcome {
  readonly calls: number
  readonly tokenRequests: number
  readonly failed: number
  /** The failed calls that ended while a token was valid. */
  readonly failedDespiteToken: number
}

export interface Scenario {
  readonly name: string
  readonly title: string
  readonly story: string
  readonly world: World.Options
  /** Set if a call is sent before the counting starts. */
  readonly warm: boolean
  /** Set if the scenario needs a feature that not all contenders have. */
  readonly needsReplay: boolean
  /** The number of repetitions, since some contenders draw times at random. */
  readonly plays: number
  readonly play: (stage: Stage) => Promise<void>
}

export interface Stage {
  readonly world: World.World
  readonly time: VirtualTime
  /** Starts a call without waiting for it. */
  readonly launch: () => void
  /** Returns true if every call has ended. */
  readonly isQuiet: () => boolean
}

const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute

export const cold = (callers: number): Scenario => ({
  name: `cold-${callers}`,
  title: `${callers.toLocaleString("en")} callers without a cached token`,
  story: `${callers.toLocaleString("en")} concurrent callers start without a cached token; the issuer takes 20 ms.`,
  world: { tokenDelay: 20 },
  warm: false,
  needsReplay: false,
  plays: 1,
  play: async ({ isQuiet, launch, time }) => {
    for (let caller = 0; caller < callers; caller++) launch()
    await time.passUntil(isQuiet, 10, 5 * minute)
  }
})

export const staggered401 = (callers: number): Scenario => ({
  name: `staggered-401`,
  title: `${callers} staggered 401s`,
  story:
    `The token is revoked. ${callers} concurrent callers use it, and the API rejects their calls one after another, ` +
    "10 ms apart; the issuer takes 15 ms.",
  world: { tokenDelay: 15, rejectionDelay: 10 },
  warm: true,
  needsReplay: true,
  plays: 3,
  play: async ({ isQuiet, launch, time, world }) => {
    world.revokeAll()
    for (let caller = 0; caller < callers; caller++) launch()
    await time.passUntil(isQuiet, 5, 5 * minute)
  }
})

/** Advances the time in small steps while calls are in progress, so that responses arrive at the right time. */
const spend = async (millis: number, { isQuiet, time }: Pick<Stage, "isQuiet" | "time">): Promise<void> => {
  const end = time.now() + millis
  await time.passUntil(isQuiet, 10, Math.min(millis, 100))
  await time.passUntil(isQuiet, 100, end - time.now())
  await time.passUntil(() => false, millis, end - time.now())
}

/** Sends calls in sequence; the issuer is unavailable in between. Times are in milliseconds. */
const calls = async (
  { isQuiet, launch, time, world }: Stage,
  { away, every, until }: { readonly until: number; readonly every: number; readonly away: readonly [number, number] }
) => {
  for (let now = time.now(); now < until; now += every) {
    world.issuerIsUp = now < away[0] || now >= away[1]
    launch()
    await spend(every, { isQuiet, time })
  }
}

const hour: World.Options = { tokenLife: 3600, tokenDelay: 20 }

const outageOf = (from: number) => async (stage: Stage): Promise<void> => {
  const away = [from, from + minute] as const
  const { isQuiet, time } = stage
  // A quiet period first: a call every 10 s, for contenders that refresh early.
  await calls(stage, { away, every: 10 * second, until: from - 10 * second })
  await calls(stage, { away, every: 100, until: from + 70 * second })
  await calls(stage, { away, every: 10 * second, until: Math.max(from + 90 * second, 3700 * second) })
  await time.passUntil(isQuiet, 100, 5 * minute)
}

export const outages: ReadonlyArray<Scenario> = [
  {
    name: "outage",
    title: "A 60 s outage of the issuer during which the token expires",
    story:
      "The issuer is unavailable from 30 s before the expiry of a one-hour token until 30 s after it. One call every " +
      "10 s before the outage, and 10 per second during it.",
    world: hour,
    warm: true,
    needsReplay: false,
    plays: 3,
    play: outageOf(3570 * second)
  },
  {
    name: "outage-early",
    title: "A 60 s outage of the issuer, minutes before the token expires",
    story:
      "The issuer is unavailable from 310 s until 250 s before the expiry of the token. The token is valid throughout, " +
      "but some clients already refresh it. effect-oauth refreshes at a random time, so it sends between 1 and 8 token " +
      "requests per run.",
    world: hour,
    warm: true,
    needsReplay: false,
    plays: 9,
    play: outageOf(3290 * second)
  },
  {
    name: "outage-cold",
    title: "A 60 s outage of the issuer, without a cached token",
    story: "The issuer is unavailable for the first minute, and no client has a token. 10 calls per second for 70 s.",
    world: hour,
    warm: false,
    needsReplay: false,
    plays: 3,
    play: async (stage) => {
      await calls(stage, { away: [0, minute], every: 100, until: 70 * second })
      await stage.time.passUntil(stage.isQuiet, 100, 5 * minute)
    }
  }
]

export const days = (count: number): Scenario => ({
  name: `${count}-days`,
  title: `${count} days with a 24 h token`,
  story: `One call every 5 minutes, the first at the start and the last at the end of the ${count} days.`,
  world: { tokenLife: 86_400, tokenDelay: 0 },
  warm: false,
  needsReplay: false,
  plays: 1,
  play: async ({ isQuiet, launch, time }) => {
    for (let passed = 0; passed <= count * day; passed += 5 * minute) {
      launch()
      await spend(5 * minute, { isQuiet, time })
    }
  }
})

export const scenarios: ReadonlyArray<Scenario> = [
  cold(50),
  cold(10_000),
  staggered401(20),
  ...outages,
  days(30)
]

export const play = (scenario: Scenario, contender: Contender): Promise<Outcome> =>
  withVirtualTime(async (time) => {
    const world = World.make(scenario.world)
    const { make } = await contender.load()
    const client: Client = await make(fake.make(world, { isVirtual: true }))
    let launched = 0
    let answered = 0
    let failed = 0
    let failedDespiteToken = 0
    const settle = (ok: boolean) => {
      answered++
      if (ok) return
      failed++
      if (world.hasValidToken()) failedDespiteToken++
    }
    const stage: Stage = {
      world,
      time,
      launch: () => {
        launched++
        client.call().then((status) => settle(status === 200), () => settle(false))
      },
      isQuiet: () => answered === launched
    }
    if (scenario.warm) {
      stage.launch()
      if (!await time.passUntil(stage.isQuiet, 10, minute) || failed > 0) {
        throw new Error(`${contender.name}: the first call of "${scenario.name}" failed`)
      }
    }
    const before = { launched, requests: world.tokenRequests() }
    await scenario.play(stage)
    if (!stage.isQuiet()) throw new Error(`${contender.name}: callers of "${scenario.name}" got no response`)
    await client.close()
    return {
      calls: launched - before.launched,
      tokenRequests: world.tokenRequests() - before.requests,
      failed,
      failedDespiteToken
    }
  })
