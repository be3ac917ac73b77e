/**
 * A fleet in virtual time: each instance is a separate program with the real token cache, and calls its API. Time,
 * issuer, store and network are simulated.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import {
  type AccessToken,
  ClientCredentials,
  type InvalidConfig,
  type IssuanceBudget,
  type OAuthError,
  SharedClientCredentials,
  type SharedTokens,
  TokenCache,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"

import * as Fault from "../Fault.js"
import * as TestAuthorizationServer from "../TestAuthorizationServer.js"
import * as VirtualClock from "../VirtualClock.js"
import * as host from "./host.js"
import { offClock } from "./offClock.js"
import * as randoms from "./seam/randoms.js"
import * as simulatedStore from "./simulatedStore.js"

/** A fault that lasts for a time. */
export interface Disturbance {
  /** Start of the fault, measured from the start of the simulation. */
  readonly from: Duration.DurationInput
  readonly to: Duration.DurationInput
  /**
   * Outcome of token requests.
   *
   * - `unreachable`: connections are refused.
   * - `unavailable`: status 503.
   * - `unauthorized`: status 401, `invalid_client`.
   * - `silent`: no response, and no token is issued.
   * - `lost`: no response, although a token is issued.
   * - `dropped`: the connection is closed without a response, although a token is issued.
   */
  readonly issuer?: "unreachable" | "unavailable" | "unauthorized" | "silent" | "lost" | "dropped" | undefined
  /**
   * Outcome of operations on the store.
   *
   * - `unreachable`: connections are refused.
   * - `silent`: no response.
   * - a number from 0 to 1: each operation fails with this probability, half of the failures after it took effect.
   */
  readonly store?: simulatedStore.Condition | undefined
  /**
   * Entries that the store loses at the start of the fault.
   *
   * - `budgets`: the counts of budgets, as by an eviction.
   * - `all`: those and the tokens.
   * - `lastWrites`: what was written in the 10 seconds before, as by a failover to a replica that lacked it.
   */
  readonly storeLoses?: simulatedStore.Lost | undefined
  /** True if the API rejects every token. */
  readonly rejecting?: boolean | undefined
  /** The interval at which each instance restarts; the instances are out of step. */
  readonly restartEvery?: Duration.DurationInput | undefined
  /** The number of instances that are killed, and start again at the end. They release nothing. */
  readonly killed?: number | undefined
  /** By how much the clock of the first instance is ahead, or behind by a negative number of milliseconds. */
  readonly clockAhead?: Duration.DurationInput | undefined
}

/** Settings of what the instances share. */
export interface Shared {
  /** The time of an operation on the store. Default: 2 milliseconds. */
  readonly roundTrip?: Duration.DurationInput | undefined
  readonly sharedTokens?: SharedTokens.Options | undefined
  /** The budget of the fleet. Default: none. */
  readonly issuanceBudget?: IssuanceBudget.Options | undefined
}

/** A fleet, and the days to simulate. */
export interface Plan {
  /** The number of processes. */
  readonly instances: number
  readonly days: number
  /** The interval between the calls of an instance. Default: 5 minutes. */
  readonly callsEvery?: Duration.DurationInput | undefined
  /** The time within which the instances start, in sequence. Default: the interval between calls. */
  readonly startWithin?: Duration.DurationInput | undefined
  /** The time after which an instance restarts, without a token in memory, such as `36 hours`. Default: never. */
  readonly restartEvery?: Duration.DurationInput | undefined
  /** Default: 24 hours. */
  readonly tokenLife?: Duration.DurationInput | undefined
  /** The time of a token request. Default: 200 milliseconds. */
  readonly requestTime?: Duration.DurationInput | undefined
  /** The longest time of a token request, if they take random times from `requestTime` on. Default: all take the same. */
  readonly requestTimeUpTo?: Duration.DurationInput | undefined
  /** The tokens that the issuer issues in any 24 hours; then it rejects requests with 429. Default: no limit. */
  readonly dailyLimit?: number | undefined
  /**
   * For an issuer with one valid token per client: `reissue` returns the valid token again, `revoke` revokes it when another one
   * is issued, so that instances without a shared store reject each other's tokens. Default: `none`.
   */
  readonly onePerClient?: TestAuthorizationServer.Options["onePerClient"]
  readonly tokenCache?: TokenCache.Options | undefined
  /** True or settings if the instances share their tokens in a store. Default: false. */
  readonly shared?: boolean | Shared | undefined
  /** Faults with their times. If two overlap, the first one that affects a server applies. */
  readonly faults?: ReadonlyArray<Disturbance> | undefined
  /** The time from which calls, operations and tokens are reported. Default: the start. */
  readonly reportFrom?: Duration.DurationInput | undefined
  /** The seed; the same seed results in the same days. Default: `fleet`. */
  readonly seed?: string | undefined
}

/** A call that has ended, except calls of an instance that ended before them. */
export interface Call {
  readonly instance: number
  /** Start of the call, in milliseconds from the start of the simulation. */
  readonly at: number
  /** The time that the call waited for its tokens, in milliseconds. */
  readonly waited: number
  readonly outcome: "accepted" | "rejected" | OAuthError.TokenError
}

/** The recorded events of a simulation. */
export interface History {
  readonly issued: Effect.Effect.Success<TestAuthorizationServer.TestAuthorizationServer["issued"]>
  readonly received: Effect.Effect.Success<TestAuthorizationServer.TestAuthorizationServer["received"]>
  readonly storeOperations: number
}

export interface Options {
  /** Called for each call that has ended. */
  readonly observe: (call: Call) => void
  /** Default: one that does not encrypt. */
  readonly seal?: TokenSeal.TokenSeal | undefined
}

export const day = 86_400_000

const issuerFaults = {
  unreachable: "refuse",
  unavailable: Fault.unavailable(),
  unauthorized: Fault.oauthError("invalid_client", 401),
  silent: "hang",
  lost: undefined,
  dropped: undefined
} as const

/** Returns the current faults. */
const conditions = (plan: Plan, now: () => number) => {
  const faults = (plan.faults ?? []).map(({ from, to, ...fault }) => ({
    ...fault,
    from: Duration.toMillis(from),
    to: Duration.toMillis(to)
  }))
  const current = <A>(get: (fault: typeof faults[number]) => A | undefined): A | undefined => {
    const at = now()
    const found = faults.find((fault) => get(fault) !== undefined && fault.from <= at && at < fault.to)
    return found && get(found)
  }
  return {
    faults,
    issuer: () => current(({ issuer }) => issuer),
    store: () => current(({ store }) => store) ?? 0,
    isRejecting: () => current(({ rejecting }) => rejecting) === true,
    clockAhead: () => Duration.toMillis(current(({ clockAhead }) => clockAhead) ?? 0)
  }
}

/** Makes a call as `ApiClient` does: gets a token, and replaces it once if the API rejects it. */
const call = (
  cache: TokenCache.TokenCache,
  isRejected: (token: AccessToken.AccessToken) => Effect.Effect<boolean>
) =>
  Effect.gen(function*() {
    const first = yield* cache.get
    if (!(yield* isRejected(first))) return "accepted"
    if (!(yield* cache.invalidate(first))) return "rejected"
    const second = yield* cache.get
    if (yield* isRejected(second)) {
      yield* cache.invalidate(second)
      return "rejected"
    }
    yield* cache.confirm(second)
    return "accepted"
  })

/** A process, until its scope is closed. */
interface Instance {
  readonly scope: Scope.CloseableScope
  readonly cache: TokenCache.TokenCache
  /** False after the instance was killed: its operations no longer reach others. */
  readonly lives: { connected: boolean }
}

interface World {
  readonly time: VirtualClock.VirtualClock
  readonly server: TestAuthorizationServer.TestAuthorizationServer
  readonly conditions: ReturnType<typeof conditions>
  readonly store: (lives: Instance["lives"]) => TokenStore.TokenStore
  readonly seal: TokenSeal.TokenSeal
}

/** Returns the network of an instance, in which token requests take time and may be lost. */
const network = (plan: Plan, { conditions, server, time }: World, lives: Instance["lives"]): HttpClient.HttpClient => {
  const least = Duration.toMillis(plan.requestTime ?? "200 millis")
  const more = plan.requestTimeUpTo === undefined ? 0 : Duration.toMillis(plan.requestTimeUpTo) - least
  const handle = (incoming: host.Incoming) =>
    Effect.gen(function*() {
      const way = Effect.sleep((least + (more > 0 ? more * (yield* Random.next) : 0)) / 2)
      yield* way
      const fault = conditions.issuer()
      const response = yield* server.host.handle(incoming)
      yield* way
      if (fault === "lost" || !lives.connected) return yield* Effect.never
      return fault === "dropped" ? yield* new host.Broken({ code: "ECONNRESET" }) : response
    }).pipe(Effect.withClock(time.clock))
  return host.client([{ origin: server.host.origin, handle }], undefined)
}

const build = (plan: Plan, world: World, lives: Instance["lives"]) => {
  const { issuanceBudget, sharedTokens } = typeof plan.shared === "object" ? plan.shared : {}
  const config = {
    tokenUrl: `${world.server.issuer}/token`,
    clientId: "test-client",
    clientSecret: Redacted.make("test-secret"),
    apiBaseUrl: "https://api.test",
    tokenCache: plan.tokenCache
  }
  const client = plan.shared === undefined || plan.shared === false
    ? ClientCredentials.layer(config)
    : Layer.provide(SharedClientCredentials.layer({ ...config, sharedTokens, issuanceBudget }), [
      Layer.succeed(TokenStore.TokenStore, world.store(lives)),
      Layer.succeed(TokenSeal.TokenSeal, world.seal)
    ])
  return Layer.provide(client, Layer.succeed(HttpClient.HttpClient, network(plan, world, lives)))
}

/** Starts an instance: a cache without a token. */
const startInstance = (plan: Plan, world: World): Effect.Effect<Instance, InvalidConfig.InvalidConfig> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const lives = { connected: true }
    const context = yield* Layer.buildWithScope(Layer.fresh(build(plan, world, lives)), scope)
    return { scope, lives, cache: Context.get(context, TokenCache.TokenCache) }
  })

/** Returns the rule of the API: it may reject all tokens, and it rejects those that the issuer revoked. */
const rejecting = (plan: Plan, { conditions, server }: World) => ({ value }: AccessToken.AccessToken) =>
  conditions.isRejecting()
    ? Effect.succeed(true)
    : plan.onePerClient !== "revoke"
    ? Effect.succeed(false)
    : Effect.map(
      server.issued,
      (all) => all.some((token) => token.revoked && Redacted.value(token.value) === Redacted.value(value))
    )

/** Creates the instances of a fleet, which start and stop. All run in virtual time. */
const makeFleet = (plan: Plan, world: World, observe: Options["observe"]) =>
  Effect.gen(function*() {
    const off = offClock(world.time.clock, world.conditions.clockAhead)
    const sources = Array.from(
      { length: plan.instances },
      (_, index) => randoms.make(`${plan.seed ?? "fleet"} ${index}`)
    )
    /** Runs an effect on the machine of an instance. */
    const on = (index: number) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
      effect.pipe(
        Effect.withClock(index === 0 ? off : world.time.clock),
        Effect.withRandom(sources[index] ?? randoms.make(`${index}`))
      )
    const start = (index: number) => on(index)(startInstance(plan, world))
    const isRejected = rejecting(plan, world)
    const instances: Array<Instance | undefined> = yield* Effect.forEach(
      Array.from({ length: plan.instances }, (_, index) => index),
      start
    )
    const stop = (index: number) =>
      Effect.suspend(() => {
        const instance = instances[index]
        instances[index] = undefined
        return instance === undefined ? Effect.void : Scope.close(instance.scope, Exit.void)
      })

    return {
      stop,
      stopAll: Effect.suspend(() =>
        Effect.forEach(instances.keys(), (index) => Effect.forkDaemon(stop(index)), { discard: true })
      ),
      kill: (index: number) =>
        Effect.suspend(() => {
          const instance = instances[index]
          if (instance !== undefined) instance.lives.connected = false
          // Its remaining operations never end, and are not waited for.
          return Effect.forkDaemon(stop(index))
        }),
      start: (index: number) =>
        Effect.map(Effect.orDie(start(index)), (instance) => {
          instances[index] = instance
        }),
      isRunning: (index: number) => instances[index] !== undefined,
      call: (index: number) =>
        Effect.suspend(() => {
          const instance = instances[index]
          if (instance === undefined) return Effect.void
          const at = world.time.now().steady
          return call(instance.cache, isRejected).pipe(
            on(index),
            Effect.catchAll(Effect.succeed<Call["outcome"]>),
            Effect.map((outcome) => observe({ instance: index, at, waited: world.time.now().steady - at, outcome })),
            Effect.forkIn(instance.scope)
          )
        })
    }
  })

/** Runs an effect at regular times. */
const every = (begin: number, interval: number, end: number, act: Effect.Effect<unknown>) =>
  Effect.gen(function*() {
    for (let at = begin; at < end; at += interval) {
      const now = yield* Clock.currentTimeMillis
      yield* Effect.sleep(Duration.millis(at - now))
      yield* act
    }
  })

/** Returns the activities of the instances: they call, restart, and are killed. */
const routines = (
  plan: Plan,
  faults: World["conditions"]["faults"],
  fleet: Effect.Effect.Success<ReturnType<typeof makeFleet>>,
  lose: (lost: simulatedStore.Lost) => Effect.Effect<void>
) => {
  const end = plan.days * day
  const interval = Duration.toMillis(plan.callsEvery ?? "5 minutes")
  const startWithin = Duration.toMillis(plan.startWithin ?? interval)
  const all = Array.from({ length: plan.instances }, (_, index) => index)
  // Concurrent calls find it stopped, however long the start takes.
  const restart = (index: number) =>
    Effect.suspend(() =>
      fleet.isRunning(index)
        ? Effect.zipRight(Effect.zipRight(fleet.stop(index), Effect.yieldNow()), fleet.start(index))
        : Effect.void
    )
  // The instances are out of step, as those of a real fleet are.
  const restarting = [{ restartEvery: plan.restartEvery, from: 0, to: end }, ...faults].flatMap((fault) => {
    if (fault.restartEvery === undefined) return []
    const pause = Duration.toMillis(fault.restartEvery)
    return all.map((index) =>
      every(fault.from + pause * (index + 1) / plan.instances, pause, Math.min(fault.to, end), restart(index))
    )
  })
  const killing = faults.flatMap(({ from, killed = 0, to }) =>
    all.slice(0, killed).map((index) =>
      Effect.zipRight(
        Effect.delay(fleet.kill(index), Duration.millis(from)),
        Effect.delay(fleet.start(index), Duration.millis(to - from))
      )
    )
  )
  const losing = faults.flatMap(({ from, storeLoses }) =>
    storeLoses === undefined ? [] : [Effect.delay(lose(storeLoses), Duration.millis(from))]
  )
  const calling = all.map((index) => every(index * startWithin / plan.instances, interval, end, fleet.call(index)))
  return [...restarting, ...killing, ...losing, ...calling]
}

/** Runs the days of a plan. */
export const run = (plan: Plan, { observe, seal }: Options): Effect.Effect<History, InvalidConfig.InvalidConfig> =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const inTime = Effect.withClock(time.clock)
    const { dailyLimit, onePerClient, tokenLife } = plan
    const server = yield* TestAuthorizationServer.make({ dailyLimit, onePerClient, tokenLife })
    const now = conditions(plan, () => time.now().steady)
    yield* server.faults.rule(() => {
      const issuer = now.issuer()
      return issuer && issuerFaults[issuer]
    })
    const reportFrom = Duration.toMillis(plan.reportFrom ?? 0)
    let storeOperations = 0
    const { lose, store } = yield* simulatedStore.inMemory
    const { roundTrip = "2 millis" } = typeof plan.shared === "object" ? plan.shared : {}
    const world: World = {
      time,
      server,
      conditions: now,
      seal: seal ?? simulatedStore.seal(),
      store: (lives) =>
        simulatedStore.make(store, {
          clock: time.clock,
          roundTrip: Duration.decode(roundTrip),
          condition: () => lives.connected ? now.store() : "silent",
          count: () => {
            if (time.now().steady >= reportFrom) storeOperations += 1
          }
        })
    }
    const fleet = yield* inTime(makeFleet(plan, world, (call) => call.at < reportFrom ? undefined : observe(call)))
    const scope = yield* Scope.make()
    yield* inTime(
      Effect.forEach(routines(plan, now.faults, fleet, lose), Effect.forkIn(scope), { discard: true })
    )
    yield* time.advance(plan.days * day)
    const history = {
      issued: (yield* server.issued).filter(({ issuedAt }) => issuedAt >= reportFrom),
      received: (yield* server.received).filter(({ at }) => at >= reportFrom),
      storeOperations
    }
    yield* Scope.close(scope, Exit.void)
    yield* inTime(fleet.stopAll)
    // The instances release their leases.
    yield* time.advance("1 minute")
    return history
  }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
