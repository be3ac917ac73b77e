/** A token store from the archives, on each supported client of Redis, with a real Redis. */
import { Effect } from "effect"
import { build } from "esbuild"
import { assert, describe, inject, it } from "vitest"

import * as redisServer from "../../redis/test/redisServer.js"
import { succeed } from "./run.js"

describe.skipIf(!redisServer.isInstalled).each(inject("installed"))(
  "a token store on Redis, Effect $major",
  ({ project }) => {
    it("works with ioredis 5.4 and 6, and with node-redis 4, 5 and 6", async () => {
      await build({ absWorkingDir: project, entryPoints: ["redis.ts"], outfile: "redis.js", format: "esm" })
      const run = Effect.flatMap(
        redisServer.start,
        ({ port }) =>
          Effect.promise(() =>
            succeed(process.execPath, ["redis.js"], { cwd: project, env: { ...process.env, REDIS_PORT: String(port) } })
          )
      )
      assert.deepStrictEqual((await Effect.runPromise(Effect.scoped(run))).trim().split("\n"), [
        "ioredis 5.4",
        "ioredis 6",
        "node-redis 4",
        "node-redis 5",
        "node-redis 6"
      ])
    })
  }
)
