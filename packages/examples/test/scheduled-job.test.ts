/**
 * Processes that share a directory, at the real authorization server: started together, started repeatedly, killed at
 * any time.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"

import { FileSystem } from "@effect/platform"
import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

import { runs, sample } from "../../client-credentials/test/support/runs.js"
import * as Embedded from "../src/embedded/environment.js"
import { program, run } from "./support.js"

const start = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { authorizationServer, environment } = yield* Embedded.start
  return {
    tokens: authorizationServer.tokensIssued,
    fs,
    environment: {
      ...environment,
      TOKEN_STORE_DIR: `${yield* fs.makeTempDirectoryScoped()}/tokens`,
      TOKEN_STORE_KEY: createHash("sha256").update("store key").digest("base64")
    }
  }
})

const context = Layer.merge(NodeContext.layer, NodeHttpClient.layerUndici)

/** Starts the job and kills it after a number of milliseconds by SIGKILL: without a chance to clean up. */
const killed = (environment: Readonly<Record<string, string>>, after: number) =>
  Effect.async<void>((resume) => {
    const child = spawn(process.execPath, [program("scheduled-job")], {
      env: { PATH: process.env["PATH"], ...environment },
      stdio: "ignore"
    })
    const timer = setTimeout(() => child.kill("SIGKILL"), after)
    child.once("exit", () => {
      clearTimeout(timer)
      resume(Effect.void)
    })
  })

describe("a scheduled job", () => {
  it.scopedLive(
    "started repeatedly, eight at once at first, requests one token",
    () =>
      Effect.gen(function*() {
        const { environment, tokens } = yield* start
        const more = runs("scheduled jobs after the first eight", { quick: 2, full: 92 })
        const job = run("scheduled-job", [], environment)
        const expected = { exitCode: 0, stdout: "8 items in stock\n", stderr: "" }
        for (const result of yield* Effect.replicateEffect(job, 8, { concurrency: "unbounded" })) {
          assert.deepStrictEqual(result, expected)
        }
        assert.strictEqual(yield* tokens, 1)
        for (const result of yield* Effect.replicateEffect(job, more, { concurrency: 2 })) {
          assert.deepStrictEqual(result, expected)
        }
        assert.strictEqual(yield* tokens, 1)
      }).pipe(Effect.provide(context)),
    1_800_000
  )

  it.scopedLive("killed at any time, it leaves no state that blocks the next one", () =>
    Effect.gen(function*() {
      const { environment, fs, tokens } = yield* start
      const moments = sample("moments of a kill", Array.from({ length: 10 }, (_, index) => 150 + 60 * index), 2)
      for (const after of moments) yield* killed(environment, after)
      const before = yield* tokens
      // A process that is killed with the lease keeps it for 30 seconds; without the lease files, the next one need not
      // wait.
      const leases = (yield* fs.readDirectory(environment.TOKEN_STORE_DIR, { recursive: true }).pipe(
        Effect.orElseSucceed(() => [])
      )).filter((name) => name.includes("lease"))
      yield* Effect.forEach(leases, (name) => fs.remove(`${environment.TOKEN_STORE_DIR}/${name}`))
      assert.strictEqual((yield* run("scheduled-job", [], environment)).stdout, "8 items in stock\n")
      assert.isAtMost((yield* tokens) - before, 1)
      const after = yield* tokens
      console.log(`jobs killed after ${moments.join(", ")} ms: ${after} tokens`)
      // The number of jobs killed between request and store depends on the machine; from now on the token is shared.
      assert.strictEqual((yield* run("scheduled-job", [], environment)).stdout, "8 items in stock\n")
      assert.strictEqual(yield* tokens, after)
    }).pipe(Effect.provide(context)))

  it.scopedLive("succeeds without a usable store directory, with a warning", () =>
    Effect.gen(function*() {
      const { environment, fs } = yield* start
      yield* fs.writeFileString(environment.TOKEN_STORE_DIR, "a file where the directory should be")
      const { exitCode, stdout } = yield* run("scheduled-job", [], environment)
      assert.strictEqual(exitCode, 0)
      assert.match(stdout, /The token store could not load .*\n(.*\n)*8 items in stock/)
    }).pipe(Effect.provide(context)))
})
