/**
 * The program that shows and resets the token count of a fleet, on a real Redis.
 */
import { createHash } from "node:crypto"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect } from "effect"

import * as redisServer from "../../redis/test/redisServer.js"
import * as Embedded from "../src/embedded/environment.js"
import { Api } from "../src/guides/redis.js"
import { run } from "./support.js"

describe.skipIf(!redisServer.isInstalled)("the program for the count of a fleet", () => {
  it.scopedLive("shows and resets what the fleet of the guide has counted", () =>
    Effect.gen(function*() {
      const { environment: servers } = yield* Embedded.start
      const { port } = yield* redisServer.start
      const environment = {
        ...servers,
        REDIS_URL: `redis://127.0.0.1:${port}`,
        TOKEN_STORE_KEY: createHash("sha256").update("store key").digest("base64")
      }
      yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
        Effect.provide(Api),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))
      )
      const counted = (count: number) => ({
        exitCode: 0,
        stderr: "",
        stdout: `${count} of 50 tokens are counted, ${50 - count} left`
      })
      const shown = (...args: ReadonlyArray<string>) =>
        Effect.map(run("fleet-budget", args, environment), (result) => ({
          ...result,
          stdout: result.stdout.replace(/, the next one from \d{4}-\S+Z\n$/, "")
        }))
      assert.deepStrictEqual(yield* shown(), counted(1))
      assert.deepStrictEqual(yield* shown("--reset"), counted(0))
      assert.deepStrictEqual(yield* shown(), counted(0))
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])), 300_000)
})
