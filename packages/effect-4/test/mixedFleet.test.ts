/**
 * Fleets in which some processes run Effect 3 and others Effect 4, as while a service is upgraded: what one major stores, the
 * other reads. The processes run the compiled packages of both.
 */
import { fork } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import * as redisServer from "../generated/redis/test/redisServer.js"
import { once } from "../generated/sql/test/database.js"
import * as postgresServer from "../generated/sql/test/postgresServer.js"

type Major = 3 | 4

const worker: Readonly<Record<Major, string>> = {
  3: fileURLToPath(new URL("../../testing/test/mixedFleet/worker.mjs", import.meta.url)),
  4: fileURLToPath(new URL("../generated/testing/test/mixedFleet/worker.mjs", import.meta.url))
}

interface Place {
  readonly kind: "files" | "redis" | "postgres"
  readonly place: string
}

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-oauth-mixed-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const redis = once(redisServer.start)
const postgres = once(postgresServer.start())

const stores = [
  {
    name: "files",
    store: Effect.map(directory, (place): Place => ({ kind: "files", place })),
    isInstalled: true
  },
  {
    name: "Redis",
    store: Effect.map(redis, ({ port }): Place => ({ kind: "redis", place: String(port) })),
    isInstalled: redisServer.isInstalled
  },
  {
    name: "Postgres",
    store: Effect.map(postgres, ({ url }): Place => ({ kind: "postgres", place: url })),
    isInstalled: postgresServer.isInstalled
  }
]

interface Reply {
  readonly status?: number
  readonly error?: string
  readonly message?: string
}

/** Starts a process, which ends with the scope. Returns a call of its API. */
const startProcess = (
  major: Major,
  { kind, place }: Place,
  environment: Readonly<Record<string, string>>,
  overrides: object
) =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(worker[major], [String(major), kind, place, JSON.stringify(overrides)], {
          env: { PATH: process.env["PATH"], ...environment },
          // Its warnings are those that its calls bring about.
          stdio: ["ignore", "ignore", "inherit", "ipc"]
        })
      ),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          child.disconnect()
        })
    )
    const next = Effect.callback<unknown>((resume) => {
      const ended = () => resume(Effect.die(`a process on Effect ${major} ended`))
      child.once("exit", ended)
      child.once("message", (message) => {
        child.off("exit", ended)
        resume(Effect.succeed(message))
      })
    })
    yield* next
    return Effect.suspend(() => {
      child.send("call")
      return Effect.map(next, (reply) => reply as Reply)
    })
  })

const startFleet = (majors: ReadonlyArray<Major>, store: Place, overrides: object) =>
  Effect.gen(function*() {
    const { api, environment, server } = yield* Loopback.start()
    const calls = yield* Effect.forEach(majors, (major) =>
      startProcess(major, store, {
        ...environment,
        TOKEN_STORE_KEY: createHash("sha256").update("store key").digest("base64")
      }, { tokenCache: { retryTimeout: 0, rejectionPauses: ["1 millis"] }, ...overrides }), {
      concurrency: "unbounded"
    })
    return { api, calls, server, tokens: Effect.map(server.issued, (issued) => issued.length) }
  })

const good = { status: 200 }

for (const { isInstalled, name, store } of stores) {
  for (const majors of [[3, 4, 3], [4, 3, 4]] as const) {
    describe.skipIf(!isInstalled)(`processes on Effect ${majors.join(", ")} with ${name}`, () => {
      it.live("share one token, and one budget", () =>
        Effect.gen(function*() {
          const { api, calls, server, tokens } = yield* startFleet(majors, yield* store, {
            issuanceBudget: { limit: 4 }
          })
          // One after the other: each reads what the other major stored.
          for (const call of calls) assert.deepStrictEqual(yield* call, good)
          assert.strictEqual(yield* tokens, 1)
          assert.deepStrictEqual((yield* api.calls).map(({ token }) => token), [1, 1, 1])
          // The second one replaces what the first one stored.
          yield* server.revoke()
          for (const index of [1, 2, 0]) assert.deepStrictEqual(yield* calls[index] ?? Effect.never, good)
          assert.strictEqual(yield* tokens, 2)
          // All at once: they take turns by one lease.
          yield* server.revoke()
          const together = yield* Effect.all(calls, { concurrency: "unbounded" })
          assert.deepStrictEqual(together, [good, good, good])
          assert.strictEqual(yield* tokens, 3)
          yield* server.revoke()
          for (const index of [2, 1, 0]) assert.deepStrictEqual(yield* calls[index] ?? Effect.never, good)
          assert.strictEqual(yield* tokens, 4)
          // The budget is that of all of them.
          yield* server.revoke()
          for (const call of calls) assert.strictEqual((yield* call).error, "IssuanceBudgetExhausted")
          assert.strictEqual(yield* tokens, 4)
          assert.deepStrictEqual(
            new Set((yield* server.received).map(({ status }) => status)),
            new Set([200])
          )
        }))

      it.live("share one cool-down", () =>
        Effect.gen(function*() {
          const { calls, server } = yield* startFleet(majors, yield* store, {})
          yield* server.faults.next(Fault.unavailable(600))
          const replies = yield* Effect.forEach(calls, (call) => call)
          assert.deepStrictEqual(replies.map(({ error }) => error), Array<string>(3).fill("TokenEndpointUnavailable"))
          for (const { message } of replies) assert.include(message ?? "", "503")
          // The server is well again, and only the first process sent a request.
          assert.lengthOf(yield* server.received, 1)
        }))
    })
  }
}
