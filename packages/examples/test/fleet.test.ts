/**
 * Fleets of real processes at a real authorization server, on a real Redis and a real Postgres.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Fiber, type Scope } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import * as redisServer from "../../redis/test/redisServer.js"
import * as postgresServer from "../../sql/test/postgresServer.js"
import * as Embedded from "../src/embedded/environment.js"
import { program } from "./support.js"

/** The number of processes of each fleet that are killed during a token request. */
const kills = { quick: 2, full: 60 }
/** The size of a fleet over several lifetimes of a token, and of one whose token is rejected. */
const steady = { quick: 3, full: 8 }
const rejected = { quick: 4, full: 20 }
/** The calls of each process of a fleet whose store is killed repeatedly. */
const disturbed = { quick: 40, full: 150 }

/**
 * Settings under which no process gives up an available store, nor loses a lease while it is alive, however busy the
 * machine: each would cost one more token.
 */
const patient = { STORE_TIMEOUT: "2 minutes", LEASE_LIFE: "1 minute" }

const context = [NodeContext.layer, NodeHttpClient.layerUndici] as const

interface Worker {
  readonly child: ChildProcess
  readonly result: Promise<string>
}

const worker = (environment: Readonly<Record<string, string>>): Worker => {
  const child = spawn(process.execPath, [program("fleet-worker")], {
    env: {
      PATH: process.env["PATH"],
      TOKEN_STORE_KEY: createHash("sha256").update("store key").digest("base64"),
      ...environment
    }
  })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => output += chunk.toString())
  child.stderr.on("data", (chunk: Buffer) => output += chunk.toString())
  return { child, result: new Promise((resolve) => child.once("exit", () => resolve(output))) }
}

interface Store {
  readonly settings: Readonly<Record<string, string>>
  readonly kill: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
}

const stores: ReadonlyArray<readonly [string, boolean, Effect.Effect<Store, never, Scope.Scope>]> = [
  [
    "Redis",
    redisServer.isInstalled,
    Effect.map(redisServer.start, ({ kill, port, restart }) => ({
      settings: { REDIS_URL: `redis://127.0.0.1:${port}` },
      kill,
      restart
    }))
  ],
  [
    "Postgres",
    postgresServer.isInstalled,
    Effect.map(postgresServer.start(), ({ restart, stop, url }) => ({
      settings: { DATABASE_URL: url },
      kill: stop,
      restart
    }))
  ]
]

const settings = (store: Effect.Effect<Store, never, Scope.Scope>) => Effect.map(store, (started) => started.settings)

/** Runs in sequence, in parallel with the tests of the other store: the processes wait most of the time. */
const inTurn = { concurrent: false, timeout: 1_800_000 }

for (const [name, isInstalled, store] of stores) {
  const suite = isInstalled ? describe.concurrent : describe.skip
  suite(`a fleet of processes on ${name}${isInstalled ? "" : " (skipped: it is not installed)"}`, () => {
    it.scopedLive("requests one token per lifetime, and every call succeeds", () =>
      Effect.gen(function*() {
        const size = runs(`processes on ${name} that share a token`, steady)
        const life = 6
        const { authorizationServer, environment } = yield* Embedded.startWith({ tokenLife: life })
        const shared = {
          ...environment,
          ...patient,
          ...(yield* settings(store)),
          CALLS: "60",
          EVERY: "250 millis"
        }
        const begun = Date.now()
        const outputs = yield* Effect.promise(() =>
          Promise.all(Array.from({ length: size }, () => worker(shared).result))
        )
        const lives = (Date.now() - begun) / 1000 / life
        const tokens = yield* authorizationServer.tokensIssued
        console.log(
          `${name}: ${size} processes, ${lives.toFixed(1)} lifetimes of a token, ${tokens} tokens`,
          outputs.map((one) => one.trim())
        )
        for (const output of outputs) assert.match(output, /^60 of 60 calls/)
        // A token is refreshed after 4.8 to 5.1 of its 6 seconds.
        assert.isAtMost(tokens, Math.floor(lives / 0.8) + 1)
        // The calls of one process span at least 14.75 seconds.
        assert.isAtLeast(tokens, 3)
      }).pipe(Effect.provide(context)), inTurn)

    it.scopedLive(
      "continues when processes are killed during a token request, and no call waits for long",
      () =>
        Effect.gen(function*() {
          const { api, environment, server } = yield* Loopback.start()
          const shared = {
            ...environment,
            ...(yield* settings(store)),
            CALLS: "1000000",
            EVERY: "100 millis",
            STORE_TIMEOUT: patient.STORE_TIMEOUT,
            REJECTION_PAUSE: "1 millis",
            // Each kill costs this time. With much less, a busy machine would take a lease from a process that is alive.
            LEASE_LIFE: "2 seconds"
          }
          yield* server.faults.rule(({ endpoint }) => endpoint === "token" ? Fault.delay("20 millis") : undefined)
          const workers = new Map<number, Worker>()
          yield* Effect.addFinalizer(() => Effect.sync(() => workers.forEach(({ child }) => child.kill("SIGKILL"))))
          const start = () => {
            const one = worker(shared)
            workers.set(one.child.pid ?? 0, one)
          }
          const asked = Effect.map(server.received, (all) => all.filter(({ endpoint }) => endpoint === "token"))
          const answered = Effect.map(api.calls, (all) => all.filter(({ status }) => status === 200).length)
          const until = (condition: Effect.Effect<boolean>) =>
            Effect.gen(function*() {
              while (!(yield* condition)) yield* Effect.sleep("2 millis")
            })

          for (let index = 0; index < 5; index += 1) start()
          yield* until(Effect.map(answered, (count) => count > 0))
          const waits: Array<number> = []
          let rounds = 0
          const count = runs(`processes killed on ${name}`, kills)
          for (; waits.length < count; rounds += 1) {
            const [tokens, requests] = [(yield* server.issued).length, (yield* asked).length]
            yield* server.revoke()
            yield* until(Effect.map(asked, (all) => all.length > requests))
            const holder = Number((yield* asked)[requests]?.userAgent?.split("/")[1])
            // During the token request, while the token is stored, or just after.
            yield* Effect.sleep(Math.random() * 35)
            const victim = workers.get(holder)
            assert(victim !== undefined)
            workers.delete(holder)
            victim.child.kill("SIGKILL")
            const [killed, before] = [Date.now(), yield* answered]
            start()
            yield* until(Effect.map(answered, (count) => count > before))
            waits.push(Date.now() - killed)
            // One token that is issued to the killed process, and one that is used.
            assert.isAtMost((yield* server.issued).length - tokens, 2)
            for (const { child } of workers.values()) assert.isNull(child.exitCode, "a worker failed")
          }
          const tokens = (yield* server.issued).length
          console.log(
            `${name}: ${waits.length} processes killed during a token request, ${tokens} tokens for ${
              rounds + 1
            } rounds, ` +
              `the longest wait ${Math.max(...waits)} ms`
          )
          assert.isAtMost(tokens, 2 * rounds + 1)
        }).pipe(Effect.provide(context)),
      { ...inTurn, timeout: 20_000 * kills.full }
    )

    it.scopedLive(
      "loses no call when the store is killed and restarted repeatedly",
      () =>
        Effect.gen(function*() {
          const { api, environment, server } = yield* Loopback.start()
          const { kill, restart, settings } = yield* store
          const calls = runs(`calls of each process while ${name} is killed`, disturbed)
          const shared = {
            ...environment,
            ...settings,
            CALLS: `${calls}`,
            EVERY: "50 millis",
            REJECTION_PAUSE: "1 millis"
          }
          const workers = Array.from({ length: 4 }, () => worker(shared))
          const done = Effect.promise(() => Promise.all(workers.map(({ result }) => result)))
          let revoked = 0
          /**
           * Revokes when no call waits for replacements of the last revocation: each process has sent two calls since.
           */
          const revoke = Effect.gen(function*() {
            const settled = Effect.map(api.calls, (all) => {
              const good = all.slice(revoked).filter(({ status }) => status === 200)
              const count = (pid: number | undefined) =>
                good.filter(({ userAgent }) => userAgent === `fleet-worker/${pid}`).length
              return workers.every(({ child }) => child.exitCode !== null || count(child.pid) >= 2)
            })
            while (!(yield* settled)) yield* Effect.sleep("20 millis")
            yield* server.revoke()
            revoked = (yield* api.calls).length
          })
          const disturb = Effect.gen(function*() {
            yield* Effect.sleep("1 second")
            yield* kill
            yield* revoke
            yield* Effect.sleep("700 millis")
            yield* restart
            yield* Effect.sleep("700 millis")
            yield* revoke
          })
          const disturbance = yield* Effect.fork(Effect.forever(disturb))
          const outputs = yield* done
          yield* Fiber.interrupt(disturbance)
          console.log(
            `${name}, killed repeatedly: ${(yield* server.issued).length} tokens`,
            outputs.map((one) => one.trim().split("\n").at(-1))
          )
          for (const output of outputs) assert.include(output, `${calls} of ${calls} calls`, output)
        }).pipe(Effect.provide(context)),
      inTurn
    )

    it.scopedLive(
      "is not overwritten by a process that was suspended during its token request",
      () =>
        Effect.gen(function*() {
          const { api, environment, server } = yield* Loopback.start()
          const shared = {
            ...environment,
            ...(yield* settings(store)),
            CALLS: "3",
            EVERY: "10 millis",
            STORE_TIMEOUT: patient.STORE_TIMEOUT,
            LEASE_LIFE: "300 millis"
          }
          // Time to suspend the process before the response arrives.
          yield* server.faults.next(Fault.delay("5 seconds"))
          const suspended = worker(shared)
          while ((yield* server.received).length === 0) yield* Effect.sleep("5 millis")
          suspended.child.kill("SIGSTOP")
          const [second] = yield* Effect.promise(() => Promise.all([worker(shared).result]))
          assert.match(second, /^3 of 3 calls/)
          const usedBySecond = (yield* api.calls).at(-1)?.token
          suspended.child.kill("SIGCONT")
          assert.match(yield* Effect.promise(() => suspended.result), /^3 of 3 calls/)
          assert.strictEqual((yield* server.issued).length, 2)
          assert.match(yield* Effect.promise(() => worker(shared).result), /^3 of 3 calls/)
          assert.strictEqual((yield* server.issued).length, 2)
          assert.strictEqual((yield* api.calls).at(-1)?.token, usedBySecond)
        }).pipe(Effect.provide(context)),
      inTurn
    )

    it.scopedLive(
      "requests one token when all processes have the same token rejected at once",
      () =>
        Effect.gen(function*() {
          const size = runs(`processes on ${name} with a rejected token`, rejected)
          const { api, environment, server } = yield* Loopback.start()
          const shared = {
            ...environment,
            ...(yield* settings(store)),
            CALLS: "1000000",
            EVERY: "100 millis",
            ...patient
          }
          const workers = Array.from({ length: size }, () => worker(shared))
          yield* Effect.addFinalizer(() => Effect.sync(() => workers.forEach(({ child }) => child.kill("SIGKILL"))))
          const callers = (from: number, status: number) =>
            Effect.map(api.calls, (all) =>
              new Set(
                all.slice(from).filter((one) => one.status === status).map(({ userAgent }) => userAgent)
              ).size)
          const allAnswered = (from: number) =>
            Effect.gen(function*() {
              while ((yield* callers(from, 200)) < size) {
                for (const { child, result } of workers) {
                  if (child.exitCode !== null) assert.fail(`a worker failed: ${yield* Effect.promise(() => result)}`)
                }
                yield* Effect.sleep("10 millis")
              }
            })
          yield* allAnswered(0)
          assert.strictEqual((yield* server.issued).length, 1)
          const from = (yield* api.calls).length
          yield* server.revoke()
          yield* allAnswered(from)
          assert.strictEqual(yield* callers(from, 401), size)
          assert.strictEqual((yield* server.issued).length, 2)
        }).pipe(Effect.provide(context)),
      inTurn
    )
  })
}
