import { spawn } from "node:child_process"

import { assert, it } from "@effect/vitest"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Schedule } from "effect"

import { program } from "./support.js"

/** Starts the program; returns its address. */
const start = (environment: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [program("readiness")], {
          env: { ...process.env, ...environment, PORT: "0" }
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    return yield* Effect.async<string>((resume) => {
      child.stdout.on("data", (chunk: Buffer) => {
        const url = /http:\/\/127\.0\.0\.1:\d+/.exec(chunk.toString())?.[0]
        if (url !== undefined) resume(Effect.succeed(url))
      })
    })
  })

it.scopedLive(
  "readiness is lost while no token is available, and returns without a call",
  () =>
    Effect.gen(function*() {
      const { environment, server } = yield* Loopback.start()
      yield* server.faults.rule(({ endpoint }) => endpoint === "token" ? Fault.unavailable() : undefined)
      const url = yield* start(environment)
      const probe = Effect.promise(async () => {
        const response = await fetch(`${url}/ready`)
        return { status: response.status, ...(await response.json() as { readonly problem?: string }) }
      })
      const until = (status: number) =>
        probe.pipe(
          Effect.filterOrFail((answer) => answer.status === status),
          Effect.retry(Schedule.spaced("100 millis"))
        )
      const { problem } = yield* until(503)
      assert.match(problem ?? "", /is not available now \(status 503\)/)
      yield* server.faults.clear
      const ready = yield* until(200)
      assert.notProperty(ready, "problem")
      assert.strictEqual((yield* server.issued).length, 1)
    }),
  300_000
)
