import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import { assert, describe, it } from "vitest"

import { byName, isOurs, ours, oursOnEffect3, peers } from "../src/contenders.js"
import { run } from "../src/freshProcess.js"
import { interleaved } from "../src/measure.js"
import { bundle, type File } from "../src/measures/bundle.js"
import { cachedCall } from "../src/measures/cachedCall.js"
import { coldFunction } from "../src/measures/coldFunction.js"
import { coldWorker } from "../src/measures/coldWorker.js"
import { isValue } from "../src/result.js"
import { runtimes, workerd } from "../src/runtimes.js"
import * as World from "../src/world.js"
import { onLoopback } from "./support.js"

const start = async (program: string, parameters: ReadonlyArray<string>, tokenUrl: string, apiUrl: string) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...parameters], {
    env: {
      ...process.env,
      TOKEN_URL: tokenUrl,
      API_URL: apiUrl,
      CLIENT_ID: World.client.id,
      CLIENT_SECRET: World.client.secret
    }
  })
  return stdout.trim()
}

describe("measured programs", () => {
  it.each(peers)("the bundle of $name sends a call with a token", async (contender) => {
    const folder = mkdtempSync(`${tmpdir()}/benchmarks-`)
    const { close, surroundings: { apiUrl, tokenUrl }, world } = await onLoopback()
    const files = await bundle(contender, [])
    for (const { contents, path } of files) writeFileSync(`${folder}/${path}`, contents)
    assert.strictEqual(await start(`${folder}/${files[0]?.path}`, [], tokenUrl, apiUrl), "200")
    assert.strictEqual(world.tokenRequests(), 1)
    assert.strictEqual(world.served(), 1)
    await close()
    rmSync(folder, { recursive: true })
  })

  it("a fresh process imports, requests a token and sends a call", async () => {
    const { close, surroundings: { apiUrl, tokenUrl }, world } = await onLoopback()
    const program = fileURLToPath(new URL("../dist/fresh.js", import.meta.url))
    const printed = JSON.parse(
      await start(program, ["start", ours, tokenUrl, apiUrl], tokenUrl, apiUrl)
    ) as Record<string, number>
    assert.hasAllKeys(printed, ["import", "firstCall", "whole"])
    assert.strictEqual(world.served(), 1)
    await close()
  })

  it("a fresh process creates many clients, each with its token, and prints only their memory", async () => {
    const { bytes = 0, clients } = await run<"bytes" | "clients">(
      ["--expose-gc"],
      ["memory", ours, "5", "5", "2"]
    )
    assert.strictEqual(clients, 15)
    assert.isAbove(bytes, 0)
  })

  it("a fresh process sends the first call of each of many tenants", async () => {
    const { bytes, ready, requests } = await run<"bytes" | "ready" | "requests">(["--expose-gc"], [
      "tenants",
      ours,
      "5"
    ])
    assert.strictEqual(requests, 5)
    assert.isAbove(ready, 0)
    assert.isAbove(bytes, 0)
  })
})

describe("measures", () => {
  it("a bundle runs on every installed runtime, and the page states which is not installed", async () => {
    const tables = await coldFunction.run({ scale: 0.1, names: [ours, "bare HttpClient"] })
    for (const { id, rows } of tables) {
      const runtime = runtimes.find((one) => id.startsWith(`cold-function-${one.id}`))
      for (const row of rows) {
        if (runtime?.path === undefined) assert.isTrue(!isValue(row) && row.absent.includes("not installed"))
        else assert.isTrue(isValue(row) && row.median > 0, `${id} ${row.contender}`)
      }
    }
    assert.includeMembers(tables.map(({ id }) => id), runtimes.map(({ id }) => `cold-function-${id}`))
  })

  it("a worker runs in workerd if it is installed", async () => {
    const [table] = await coldWorker.run({
      scale: 0.1,
      names: [ours, "bare HttpClient", "oauth4webapi", "simple-oauth2"]
    })
    for (const row of table?.rows ?? []) {
      if (workerd === undefined) assert.isTrue(!isValue(row) && row.absent.includes("not installed"))
      // It requests tokens by `node:http` and an agent.
      else assert.strictEqual(isValue(row) && row.median > 0, row.contender !== "simple-oauth2", row.contender)
    }
    assert.strictEqual(table?.rows.length, 4)
  })

  it("a bundle without its stack is smaller than the whole", async () => {
    const contender = byName(ours)
    const apart = await bundle(contender, contender.stack)
    const together = await bundle(contender, [])
    const size = (files: ReadonlyArray<File>) => files.reduce((sum, { contents }) => sum + contents.length, 0)
    assert.isBelow(size(apart), size(together))
    assert.isAbove(size(apart), 1000)
    const texts = together.map(({ contents }) => new TextDecoder().decode(contents))
    assert.isFalse(texts.some((text) => text.includes("dpop+jwt")), "unused parts are in separate files")
  })

  it("a cached call is compared with the bare client of its stack", async () => {
    const names = [ours, oursOnEffect3, "axios-token-interceptor"]
    const tables = await cachedCall.run({ scale: 0.01, names })
    assert.strictEqual(tables.length, 12)
    for (const { id, rows } of tables) {
      assert.deepStrictEqual(rows.map(({ contender }) => contender), names)
      for (const row of rows) {
        const isOnFetch = !id.includes("-fetch-") || isOurs(row.contender)
        assert.strictEqual(isValue(row) && Number.isFinite(row.median), isOnFetch, id)
      }
    }
  })

  it("all take turns, and each is first once", async () => {
    const order: Array<string> = []
    await interleaved(3, ["a", "b", "c"], async (name, round) => {
      order.push(`${name}${round}`)
    })
    assert.deepStrictEqual(order, ["a0", "b0", "c0", "b1", "c1", "a1", "c2", "a2", "b2"])
  })
})
