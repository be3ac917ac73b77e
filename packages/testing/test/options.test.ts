/**
 * Options that are unknown, misspelt or wrong, at every function of the package, as programs in plain JavaScript pass them.
 */
import { assert, describe, it } from "@effect/vitest"
import { InvalidConfig } from "@effect-oauth/client-credentials"
import { Fault, Fleet, OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { Effect, Layer } from "effect"

import { generic } from "../src/internal/behavior.js"

/** Returns the problems with which an effect fails. */
const problemsOf = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.instanceOf(error, InvalidConfig.InvalidConfig)
    return error.problems.map(({ expected, setting }) => `${setting}: ${expected}`).join("\n")
  })

/** Fails with what a promise is rejected with. */
const rejected = (run: () => Promise<unknown>): Effect.Effect<never, unknown> =>
  Effect.flatMap(Effect.promise(() => run().then(() => undefined, (error: unknown) => error)), Effect.fail)

/** Each function that takes options of both servers. */
const entries: ReadonlyArray<
  readonly [
    name: string,
    run: (
      options: { readonly server?: unknown; readonly api?: unknown }
    ) => Effect.Effect<unknown, unknown>
  ]
> = [
  ["Sandbox.start", (options) => rejected(async () => (await Sandbox.start(options as Sandbox.Options)).close())],
  ["Loopback.start", (options) => Effect.scoped(Loopback.start(options as Loopback.Options))],
  ["OAuthTest.layer", (options) => Effect.scoped(Layer.build(OAuthTest.layer(options as OAuthTest.Options)))]
]

/** Wrong options with the path and the nearest name, or a part of what is expected. */
const wrong: ReadonlyArray<readonly [options: object, path: string, expected: string]> = [
  [{ sever: {} }, "sever", "the nearest is server"],
  [{ server: { dailyLimt: 1 } }, "server.dailyLimt", "the nearest is dailyLimit"],
  [{ server: { tokenlife: "1 hour" } }, "server.tokenlife", "the nearest is tokenLife"],
  [{ server: "ath0" }, "server", "the nearest is auth0"],
  [{ server: { server: "keyclok" } }, "server.server", "the nearest is keycloak"],
  [{ server: 5 }, "server", "one of"],
  [{ server: { dailyLimit: "50" } }, "server.dailyLimit", "an integer of 1 or more"],
  [{ server: { dailyLimit: NaN } }, "server.dailyLimit", "an integer"],
  [{ server: { dailyLimit: 0 } }, "server.dailyLimit", "an integer"],
  [{ server: { organizationLimits: { dya: 1 } } }, "server.organizationLimits.dya", "the nearest is day"],
  [{ server: { tokenLife: NaN } }, "server.tokenLife", "duration"],
  [{ server: { tokenLife: -1 } }, "server.tokenLife", "duration"],
  [{ server: { tokenLife: "1 fortnight" } }, "server.tokenLife", "duration"],
  [{ server: { tokenLife: Infinity } }, "server.tokenLife", "finite"],
  [{ server: { issuer: "nowhere" } }, "server.issuer", "URL"],
  [{ server: { clients: {} } }, "server.clients", "a list"],
  [{ server: { clients: [{ ID: "a" }] } }, "server.clients[0].id", "a string"],
  [{ server: { clients: [{ id: "a", method: "basic" }] } }, "server.clients[0].method", "client_secret_basic"],
  [{ server: { paths: { tokens: "/t" } } }, "server.paths.tokens", "the nearest is token"],
  [{ server: { errorResponses: { limt: { status: 400 } } } }, "server.errorResponses.limt", "the nearest is limit"],
  [{ server: { errorResponses: { limit: { error: "x" } } } }, "server.errorResponses.limit.status", "an integer"],
  [{ server: { requireNonce: "yes" } }, "server.requireNonce", "true or false"],
  [{ api: { requireScope: ["a"] } }, "api.requireScope", "the nearest is requiredScope"],
  [{ api: { requiredScope: "a" } }, "api.requiredScope", "a list"],
  [{ api: { rejection: "graphQl" } }, "api.rejection", "the nearest is graphql"],
  [{ api: { rejection: { code: 401 } } }, "api.rejection.status", "an integer"],
  [{ api: { handler: {} } }, "api.handler", "a function"],
  [{ api: [] }, "api", "an object"],
  [{ api: null }, "api", "an object"],
  [{ server: [] }, "server", "an object"],
  [{ server: null }, "server", "an object"],
  [{ api: { legacyTokens: [{ id: "a" }] } }, "api.legacyTokens[0].secret", "a string"]
]

describe("options", () => {
  for (const [name, run] of entries) {
    it.live(`${name} names each wrong one and the nearest name`, () =>
      Effect.gen(function*() {
        for (const [options, path, expected] of wrong) {
          const problems = yield* problemsOf(run(options))
          assert.include(problems, `${path}: `, JSON.stringify(options))
          assert.include(problems, expected, JSON.stringify(options))
        }
      }))
  }

  it.live("of sockets are validated before a port is opened", () =>
    Effect.gen(function*() {
      const addresses = [
        [{ prot: 8080 }, "prot: ", "the nearest is port"],
        [{ port: "8080" }, "port: ", "an integer from 0 to 65535"],
        [{ port: 65_535 }, "port: ", "65534"],
        [{ port: NaN }, "port: ", "an integer"],
        [{ host: 5 }, "host: ", "a string"],
        [{ tls: { cert: "x" } }, "tls.key: ", "a string"],
        [{ publicHost: "" }, "publicHost: ", "a string"]
      ] as const
      for (const [options, path, expected] of addresses) {
        const problems = yield* problemsOf(Effect.scoped(Loopback.start(options as unknown as Loopback.Options)))
        assert.include(problems, path)
        assert.include(problems, expected)
      }
    }))

  it.effect("that exist are accepted, each, also when undefined", () =>
    Effect.gen(function*() {
      const { errorResponses: _errorResponses, paths: _paths, ...values } = generic
      yield* TestAuthorizationServer.make({ ...generic })
      for (const [name, value] of Object.entries(values)) {
        yield* TestAuthorizationServer.make({ [name]: value })
        yield* TestAuthorizationServer.make({ [name]: undefined })
      }
    }))

  it.effect("of each server in memory are validated by itself", () =>
    Effect.gen(function*() {
      const server = TestAuthorizationServer.make({ dailyLimt: 1 } as TestAuthorizationServer.Options)
      assert.match(yield* problemsOf(server), /^dailyLimt: .*the nearest is dailyLimit$/)
      const api = TestApi.make({ rejection: "440x" } as unknown as TestApi.Options)
      assert.match(
        yield* problemsOf(Effect.provide(api, TestAuthorizationServer.layer())),
        /^rejection: one of .*the nearest is 440$/
      )
    }))

  it.effect("of a fleet: every part of the plan", () =>
    Effect.gen(function*() {
      const plan = { instances: 1, days: 1 }
      const plans = [
        [{ ...plan, instances: -1 }, "instances"],
        [{ ...plan, instances: NaN }, "instances"],
        [{ ...plan, instances: 1.5 }, "instances"],
        [{ days: 1 }, "instances"],
        [{ ...plan, days: NaN }, "days"],
        [{ ...plan, days: 0 }, "days"],
        [{ ...plan, days: Infinity }, "days"],
        [{ ...plan, callsEvery: 0 }, "callsEvery"],
        [{ ...plan, restartEvery: "0 hours" }, "restartEvery"],
        [{ ...plan, restartEvery: NaN }, "restartEvery"],
        [{ ...plan, restartsEvery: "1 hour" }, "restartsEvery"],
        [{ ...plan, tokenLife: -1 }, "tokenLife"],
        [{ ...plan, onePerClient: "revok" }, "onePerClient"],
        [{ ...plan, shared: { roundtrip: 1 } }, "shared.roundtrip"],
        [{ ...plan, faults: [{ from: 0 }] }, "faults[0].to"],
        [{ ...plan, faults: [{ from: 0, to: 1, store: 2 }] }, "faults[0].store"],
        [{ ...plan, faults: [{ from: 0, to: 1, issuer: "down" }] }, "faults[0].issuer"]
      ] as const
      for (const [wrong, path] of plans) {
        assert.include(
          yield* problemsOf(Fleet.simulate(wrong as Parameters<typeof Fleet.simulate>[0])),
          `${path}: `,
          JSON.stringify(wrong)
        )
      }
    }))
})

describe("operations", () => {
  /** Wrong faults with a part of the message. */
  const faults: ReadonlyArray<readonly [fault: unknown, expected: string]> = [
    ["rest", "the nearest is reset"],
    ["", "one of"],
    [{}, "Fault"],
    [undefined, "Fault"],
    [Fault.answer(99), "an integer from 200 to 599"],
    [Fault.answer(NaN), "an integer"],
    [Fault.delay(NaN), "duration"],
    [Fault.delay("1 fortnight" as "1 hour"), "duration"],
    [Fault.clockOffset(NaN), "a finite number"],
    [{ fault: "reset", times: -1 }, "times"],
    [{ fault: "reset", time: 1 }, "the nearest is times"],
    [{ fault: "rest" }, "the nearest is reset"],
    [{ fault: "reset", path: "items" }, "begins with /"]
  ]

  it.effect("of the servers in memory reject faults, clients and tokens that do not exist", () =>
    Effect.gen(function*() {
      const server = yield* TestAuthorizationServer.make()
      for (const [fault, expected] of faults) {
        assert.include(yield* problemsOf(server.faults.next(fault as Fault.Fault)), expected, JSON.stringify(fault))
      }
      assert.include(yield* problemsOf(server.faults.rule("reset" as never)), "a function")
      const mixtures = [
        { seed: "a", probability: 2, faults: ["reset"] },
        { seed: "a", probability: 1, faults: [] },
        { seed: "a", probability: 1, faults: ["rest"] },
        { seed: "a", probabilty: 1, faults: ["reset"] }
      ]
      for (const mixture of mixtures) yield* problemsOf(server.faults.random(mixture as never))
      assert.include(yield* problemsOf(server.changeSecret("test-clent", "new")), "the nearest is test-client")
      for (const number of [0, 1, NaN, 1.5]) assert.include(yield* problemsOf(server.revoke(number)), "number: ")
      yield* server.revoke()
    }))

  it.live("of a sandbox reject with the same error", () =>
    Effect.gen(function*() {
      const sandbox = yield* Effect.acquireRelease(
        Effect.promise(() => Sandbox.start()),
        ({ close }) => Effect.promise(close)
      )
      const { advanceClock, changeSecret, faults: { api, server }, reject, revoke } = sandbox
      const calls = [
        () => advanceClock(NaN),
        () => advanceClock("1 fortnight" as "1 hour"),
        () => advanceClock(-1),
        () => changeSecret("test-clent", "new"),
        () => changeSecret("test-client", undefined as never),
        () => revoke(1),
        () => reject(undefined as never),
        () => server.rule("reset" as never),
        () => api.next("rest" as never),
        ...faults.map(([fault]) => () => server.next(fault as Fault.Fault))
      ]
      for (const call of calls) {
        yield* problemsOf(rejected(call))
      }
    }).pipe(Effect.scoped))
})
