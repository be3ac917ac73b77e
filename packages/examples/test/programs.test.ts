import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { runs } from "../../client-credentials/test/support/runs.js"
import * as Embedded from "../src/embedded/environment.js"
import { run } from "./support.js"

const minute = 300_000

describe("the examples", () => {
  for (
    const [name, printed] of [
      ["quickstart", "8 items in stock\n"],
      ["legacy-token", "8 items in stock\n"],
      ["two-apis", "8 items in stock, 8 at suppliers\n"],
      ["tenants", "north: 8 items\nsouth: 8 items\nnorth: 8 items\n"],
      ["promise-service", "SKU-1: 100, SKU-2: 200, unknown\n"]
    ] as const
  ) {
    it.live(`${name} runs and exits`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* run("run", [name]), { exitCode: 0, stdout: printed, stderr: "" })
      }), minute)
  }

  it.scopedLive("legacy-token also works with OAuth, by a change of the environment", () =>
    Effect.gen(function*() {
      const { authorizationServer, environment } = yield* Embedded.start
      assert.strictEqual((yield* run("legacy-token", [], environment)).stdout, "8 items in stock\n")
      assert.strictEqual(yield* authorizationServer.tokensIssued, 1)
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])), minute)

  it.scopedLive("tenants have a token each, and reuse it", () =>
    Effect.gen(function*() {
      const { authorizationServer, environment } = yield* Embedded.start
      assert.strictEqual((yield* run("tenants", [], environment)).exitCode, 0)
      assert.strictEqual(yield* authorizationServer.tokensIssued, 2)
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])), minute)

  it.live("run lists the examples for an unknown name", () =>
    Effect.gen(function*() {
      const { exitCode, stderr } = yield* run("run", ["nothing"])
      assert.strictEqual(exitCode, 1)
      assert.include(stderr, "quickstart, legacy-token, two-apis, tenants, promise-service")
    }), minute)
})

describe("npm start", () => {
  for (const calls of [1, 10, runs("calls of a wave of npm start", { quick: 100, full: 1000 })]) {
    it.live(`costs one token for ${calls} calls and one more after the revocation`, () =>
      Effect.gen(function*() {
        const { exitCode, stderr, stdout } = yield* run("inventory/main", ["--calls", String(calls)])
        assert.strictEqual(stderr, "")
        const rows = stdout.split("\n").filter((line) => line.startsWith("│")).map((line) =>
          line.split("│").slice(1, -1).map((cell) => cell.trim())
        )
        const shown = calls.toLocaleString("en")
        assert.deepStrictEqual(rows.map((row) => row.slice(0, 4)), [
          ["", "calls", "tokens so far", "replays"],
          ["first wave", shown, "1", "0"],
          ["after the revocation", shown, "2", String(Math.min(calls, 100))]
        ])
        assert.strictEqual(exitCode, 0)
      }), minute)
  }

  it.scopedLive("calls the user's own API and prints the response", () =>
    Effect.gen(function*() {
      const { environment } = yield* Embedded.start
      const found = yield* run("inventory/main", ["get", "/items/SKU-3"], environment)
      assert.deepStrictEqual(found, {
        exitCode: 0,
        stdout: "{\"sku\":\"SKU-3\",\"name\":\"washer\",\"quantity\":300}\n",
        stderr: "200 application/json\n"
      })
      const missing = yield* run("inventory/main", ["GET", "/items/SKU-99"], environment)
      assert.strictEqual(missing.exitCode, 1)
      assert.match(missing.stderr, /^404 /)
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])), minute)

  it.scopedLive("states what to check for a wrong secret, without showing it", () =>
    Effect.gen(function*() {
      const { environment } = yield* Embedded.start
      const { exitCode, stderr, stdout } = yield* run("inventory/main", ["GET", "/items"], {
        ...environment,
        OAUTH_CLIENT_SECRET: "wr0ng"
      })
      assert.strictEqual(exitCode, 1)
      assert.strictEqual(stdout, "")
      assert.include(stderr, "returned \"invalid_client\"")
      assert.include(stderr, "Check the client id and the client secret or private key (OAUTH_CLIENT_ID, ")
      assert.notInclude(stderr, "wr0ng")
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])), minute)

  it.live("lists every missing variable on a separate line", () =>
    Effect.gen(function*() {
      const { exitCode, stderr } = yield* run("inventory/main", ["GET", "/items"])
      assert.strictEqual(exitCode, 1)
      assert.deepStrictEqual(
        stderr.trim().split("\n").map((line) => /^Expected (\w+) to be /.exec(line)?.[1]),
        ["OAUTH_TOKEN_URL", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "API_BASE_URL"]
      )
    }), minute)
})
