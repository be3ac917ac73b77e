/**
 * A cluster in which one runner refreshes the token for all: as processes on a real Postgres.
 */
import { spawn } from "node:child_process"

import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Schedule } from "effect"

import * as postgresServer from "../../sql/test/postgresServer.js"
import { freePort } from "../../sql/test/server.js"
import { program } from "./support.js"

const storeKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")

const refreshes = "This runner refreshes the token for all"

/** Starts runners as processes; `refreshers` lists the runners to which the singleton moved, in order. */
const makeCluster = (environment: Readonly<Record<string, string>>) => {
  const refreshers: Array<number> = []
  const start = Effect.gen(function*() {
    const port = yield* freePort
    const runner = Effect.sync(() => {
      const address = { HOST: "127.0.0.1", PORT: String(port) }
      const child = spawn(process.execPath, [program("cluster-runner")], {
        env: { PATH: process.env["PATH"], TOKEN_STORE_KEY: storeKey, ...address, ...environment }
      })
      let output = ""
      const read = (chunk: Buffer) => {
        const text = chunk.toString()
        output += text
        if (text.includes(refreshes)) refreshers.push(port)
      }
      child.stdout.on("data", read)
      child.stderr.on("data", read)
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      return { child, ended, output: () => output, port }
    })
    return yield* Effect.acquireRelease(runner, ({ child }) => Effect.sync(() => child.kill("SIGKILL")))
  })
  return { refreshers, start }
}

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(condition, { until: (isMet) => isMet, schedule: Schedule.spaced("10 millis") })

const { isInstalled } = postgresServer
const suite = isInstalled ? describe : describe.skip

suite(`a cluster on Postgres${isInstalled ? "" : " (skipped: it is not installed)"}`, () => {
  it.scopedLive("of three runners requests one token per lifetime, and the singleton moves when its runner ends", () =>
    Effect.gen(function*() {
      const life = 6000
      const { api, environment, server } = yield* Loopback.start({ server: { tokenLife: life } })
      const { url } = yield* postgresServer.start()
      const { refreshers, start } = makeCluster({
        ...environment,
        DATABASE_URL: url,
        CALLS: "1000000",
        REFRESHER_CHECKS_EVERY: "50 millis"
      })
      const begun = Date.now()
      // The first runner creates the tables.
      const first = yield* start
      yield* until(Effect.sync(() => refreshers.length > 0))
      const runners = [first, yield* start, yield* start]
      /** Returns whether calls use a newer token than this one, which is then stored. */
      const isReplaced = (token: number) =>
        Effect.map(api.calls, (all) => {
          for (const { child, output } of runners) assert.isNull(child.exitCode, output())
          return Number(all.at(-1)?.token) > token
        })
      yield* until(isReplaced(1))

      const ending = runners.find(({ port }) => port === refreshers.at(-1)) ?? first
      runners.splice(runners.indexOf(ending), 1)
      ending.child.kill("SIGTERM")
      yield* Effect.promise(() => ending.ended)
      yield* until(Effect.sync(() => refreshers.at(-1) !== ending.port))
      yield* until(isReplaced((yield* server.issued).length))

      const tokens = (yield* server.issued).length
      const lives = (Date.now() - begun) / life
      console.log(
        `${tokens} tokens in ${lives.toFixed(1)} lifetimes, the singleton moved ${refreshers.length - 1} times`
      )
      // A token is refreshed after 0.8 of its lifetime or later. The runner that ended may have requested one more.
      assert.isAtMost(tokens, Math.floor(lives / 0.8) + 2)
      // A runner without processor time may send a token that has expired meanwhile, and then sends the call again.
      const failed = (yield* api.calls).filter(({ status }) => status !== 200 && status !== 401)
      assert.deepStrictEqual(failed, [])
      for (const { child, output } of runners) assert.isNull(child.exitCode, output())
    }).pipe(Effect.provide(NodeContext.layer)))
})
