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
  /** The milliseconds of each timed call, in virtual time. */
  readonly waits: ReadonlyArray<number>
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
  /** Set if calls are timed. */
  readonly isTimed?: boolean
  /** The number of repetitions, since some contenders draw times at random. */
  readonly plays: number
  readonly play: (stage: Stage) => Promise<void>
}

export interface Stage {
  readonly world: World.World
  readonly time: VirtualTime
  /** Starts a call without waiting for it. */
  readonly launch: (isTimed?: boolean) => void
  /** Returns true if every call has ended. */
  readonly isQuiet: () => boolean
}

const second = 1000
const minute = 60 * second
const hours = 60 * minute
const day = 24 * hours

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

export const rejected = (callers: number): Scenario => ({
  ...staggered401(callers),
  name: `rejected-${callers}`,
  title: `A rejected token under ${callers.toLocaleString("en")} callers`,
  story:
    `The token is revoked while ${callers.toLocaleString("en")} concurrent callers use it. The API rejects their ` +
    "calls within 100 ms; the issuer takes 15 ms.",
  world: { tokenDelay: 15, rejectionDelay: 100 / callers },
  plays: 1
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

const outageWithoutToken = (
  { name, remark, seconds }: { readonly name: string; readonly seconds: number; readonly remark: string }
): Scenario => ({
  name,
  title: `A ${seconds} s outage of the issuer, without a cached token`,
  story:
    `The issuer is unavailable for the first ${seconds} s, and no client has a token. 10 calls per second for 70 s. ` +
    remark,
  world: hour,
  warm: false,
  needsReplay: false,
  plays: 3,
  play: async (stage) => {
    await calls(stage, { away: [0, seconds * second], every: 100, until: 70 * second })
    await stage.time.passUntil(stage.isQuiet, 100, 5 * minute)
  }
})

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
  outageWithoutToken({
    name: "outage-cold",
    seconds: 60,
    remark:
      "@azure/msal-node sends nothing for a minute after a failure: as long as this outage takes, see the next one."
  }),
  outageWithoutToken({
    name: "outage-cold-short",
    seconds: 20,
    remark: "Clients that wait long after a failure reject calls when the issuer is available again."
  })
]

/** The dense load starts with the token request, whenever a client sends it: on expiry, or minutes before. */
export const refreshUnderLoad: Scenario = {
  name: "refresh-load",
  title: "A refresh under load",
  story:
    "A one-hour token, and a call every 10 s until the client requests the next token; from that moment, 1,000 calls per " +
    "second for 2 s. The issuer takes 200 ms, and the API none. The table shows how long these calls wait, in virtual time.",
  world: { tokenLife: 3600, tokenDelay: 200 },
  warm: true,
  needsReplay: false,
  isTimed: true,
  plays: 1,
  play: async ({ isQuiet, launch, time, world }) => {
    const before = world.tokenRequests()
    const isRefreshing = () => world.tokenRequests() > before
    while (!isRefreshing() && time.now() < 2 * hours) {
      launch()
      await time.passUntil(() => isRefreshing() || isQuiet(), 10, 100)
      await time.passUntil(isRefreshing, second, 10 * second)
    }
    for (let passed = 0; passed < 2 * second; passed += 10) {
      for (let call = 0; call < 10; call++) launch(true)
      await time.passUntil(() => false, 10, 10)
    }
    await time.passUntil(isQuiet, 10, 5 * minute)
  }
}

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
  rejected(10_000),
  refreshUnderLoad,
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
    const waits: Array<number> = []
    const settle = (ok: boolean) => {
      answered++
      if (ok) return
      failed++
      if (world.hasValidToken()) failedDespiteToken++
    }
    const stage: Stage = {
      world,
      time,
      launch: (isTimed = false) => {
        launched++
        const began = time.now()
        const ended = (ok: boolean) => {
          if (isTimed) waits.push(time.now() - began)
          settle(ok)
        }
        client.call().then((status) => ended(status === 200), () => ended(false))
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
      failedDespiteToken,
      waits
    }
  })
