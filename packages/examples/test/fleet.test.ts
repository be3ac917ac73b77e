/**
 * Fleets of real processes against the real authorization server, on a real Redis and a real Postgres.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"

import * as redisServer from "../../redis/test/redisServer.js"
import * as postgresServer from "../../sql/test/postgresServer.js"
import * as Embedded from "../src/embedded/environment.js"

const context = [NodeContext.layer, NodeHttpClient.layerUndici] as const

interface Worker {
  readonly child: ChildProcess
  readonly result: Promise<string>
}

const worker = (environment: Readonly<Record<string, string>>): Worker => {
  const path = fileURLToPath(new URL("../dist/fleet-worker.js", import.meta.url))
  const child = spawn(process.execPath, [path], { env: { PATH: process.env["PATH"], ...environment } })
  let output = ""
  child.stdout.on("data", (chunk: Buffer) => output += chunk.toString())
  child.stderr.on("data", (chunk: Buffer) => output += chunk.toString())
  return { child, result: new Promise((resolve) => child.once("exit", () => resolve(output))) }
}

const stores: ReadonlyArray<
  readonly [string, boolean, Effect.Effect<Readonly<Record<string, string>>, never, Scope.Scope>]
> = [
  [
    "Redis",
    redisServer.isInstalled,
    Effect.map(redisServer.start, ({ port }) => ({ REDIS_URL: `redis://127.0.0.1:${port}` }))
  ],
  ["Postgres", postgresServer.isInstalled, Effect.map(postgresServer.start, ({ url }) => ({ DATABASE_URL: url }))]
]

for (const [name, isInstalled, store] of stores) {
  describe.skipIf(!isInstalled)(`a fleet of processes on ${name}`, () => {
    it.scopedLive("of eight asks for one token per life, and loses no call", () =>
      Effect.gen(function*() {
        const life = 6
        const { authorizationServer, environment } = yield* Embedded.startWith({ tokenLife: life })
        const shared = {
          ...environment,
          ...(yield* store),
          TOKEN_STORE_KEY: Buffer.alloc(32, 7).toString("base64"),
          CALLS: "60",
          EVERY: "250 millis"
        }
        const begun = Date.now()
        const outputs = yield* Effect.promise(() => Promise.all(Array.from({ length: 8 }, () => worker(shared).result)))
        const lives = (Date.now() - begun) / 1000 / life
        const tokens = yield* authorizationServer.tokensIssued
        console.log(
          `${name}: 8 processes, ${lives.toFixed(1)} lives of a token, ${tokens} tokens`,
          outputs.map((one) => one.trim())
        )
        for (const output of outputs) assert.match(output, /^60 of 60 calls/)
        // A token is renewed after 4.8 to 5.1 of its 6 seconds.
        assert.isAtMost(tokens, Math.floor(lives / 0.8) + 1)
        assert.isAtLeast(tokens, Math.floor(lives))
      }).pipe(Effect.provide(context)), 120_000)

    it.scopedLive("goes on when those who ask are killed, and nobody waits for long", () =>
      Effect.gen(function*() {
        const { authorizationServer, environment } = yield* Embedded.startWith({ tokenLife: 5 })
        const shared = {
          ...environment,
          ...(yield* store),
          TOKEN_STORE_KEY: Buffer.alloc(32, 7).toString("base64"),
          CALLS: "80",
          EVERY: "100 millis"
        }
        const survivors = [worker(shared), worker(shared)]
        let kills = 0
        const done = Promise.all(survivors.map(({ result }) => result))
        let ended = false
        void done.then(() => ended = true)
        yield* Effect.promise(async () => {
          while (!ended) {
            const { child, result } = worker({ ...shared, CALLS: "1000" })
            const timer = setTimeout(() => child.kill("SIGKILL"), 200 + Math.random() * 500)
            await Promise.race([result, done])
            clearTimeout(timer)
            child.kill("SIGKILL")
            kills += 1
          }
        })
        const outputs = yield* Effect.promise(() => done)
        const tokens = yield* authorizationServer.tokensIssued
        const longest = Math.max(
          ...outputs.map((output) => Number(/the longest (\d+) ms/.exec(output)?.[1] ?? Infinity))
        )
        console.log(
          `${name}: ${kills} processes killed, ${tokens} tokens, the longest call of a survivor ${longest} ms`
        )
        for (const output of outputs) assert.match(output, /^80 of 80 calls/)
        // The lease of a dead process ends after 2 seconds.
        assert.isAtMost(longest, 5000)
        assert.isAbove(kills, 10)
      }).pipe(Effect.provide(context)), 120_000)
  })
}
