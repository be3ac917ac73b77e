/**
 * Compares requests with those of HTTPie for the same arguments, to the byte. Recorded requests of HTTPie are beside this test;
 * where HTTPie is installed, it runs again, and `RECORD=1` records its requests.
 */
import { execFile, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import { sample } from "../../client-credentials/test/support/runs.js"
import * as binary from "./support/binary.js"
import * as recorder from "./support/recorder.js"
import { files, rejected, table } from "./support/requestTable.js"

const golden = new URL("./httpie.golden.json", import.meta.url)

const isInstalled = spawnSync("http", ["--version"]).status === 0

const start = Effect.gen(function*() {
  const { environment } = yield* Loopback.start()
  const api = yield* recorder.start
  const user = yield* binary.home
  for (const [name, content] of Object.entries(files)) writeFileSync(join(user.directory, name), content)
  return { api, env: { ...environment, API_BASE_URL: api.url }, user }
})

const located = (args: ReadonlyArray<string>, url: string) => args.map((one) => one.replace(/^URL/, url))

const httpie = (args: ReadonlyArray<string>, cwd: string) =>
  Effect.async<void, Error>((resume) => {
    execFile(
      "http",
      ["--ignore-stdin", "--body", ...args],
      { cwd, env: { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C.UTF-8" } },
      (error) => resume(error === null ? Effect.void : Effect.fail(error))
    )
  })

/** The rows that this run compares. */
const rows = sample("requests compared with HTTPie's", [...table.keys()], 6)
const tested = rows.map((row) => table[row] ?? [])

/** HTTPie sends Content-Length: 0 for a DELETE without a body; Undici does not, as RFC 9110 section 8.6 prefers. */
const said = (headers: recorder.Arrived["headers"], method: string) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => method !== "DELETE" || name !== "content-length"))

const shown = ({ body, headers, method, target }: recorder.Arrived): recorder.Arrived => ({
  method,
  target,
  headers: said(headers, method),
  body
})

const kept = (): ReadonlyArray<recorder.Arrived> => {
  const all = JSON.parse(readFileSync(golden, "utf8")) as ReadonlyArray<recorder.Arrived>
  assert.strictEqual(all.length, table.length)
  return all.filter((_, row) => rows.includes(row))
}

describe("call", () => {
  it.scopedLive("sends for every row of the table what HTTPie sent", () =>
    Effect.gen(function*() {
      const { api, env, user } = yield* start
      const expected = kept()
      const complaints: Array<string> = []
      for (const args of tested) {
        complaints.push((yield* user.run(["call", ...located(args, api.url)], { env })).stderr)
      }
      assert.deepStrictEqual(complaints.filter((text) => text !== ""), [])
      assert.deepStrictEqual(
        api.arrived.map((one, row) => [tested[row], shown(one)]),
        tested.map((args, row) => [args, expected[row]])
      )
      const authorizations = new Set(api.arrived.map(({ authorization }) => authorization))
      assert.strictEqual(authorizations.size, 1)
      assert.match([...authorizations].join(), /^Bearer token-1-\w+$/)
    }), 300_000)

  it.scopedLive("rejects what HTTPie rejects, without a request", () =>
    Effect.gen(function*() {
      const { api, env, user } = yield* start
      for (const args of rejected) {
        const ended = yield* user.run(["call", ...located(args, api.url)], { env })
        assert.strictEqual(ended.exitCode, 2, args.join(" "))
        if (isInstalled) {
          assert.strictEqual((yield* Effect.either(httpie(located(args, api.url), user.directory)))._tag, "Left")
        }
      }
      assert.deepStrictEqual(api.arrived, [])
    }), 300_000)

  it.scopedLive("is compared with what HTTPie sends today, where it is installed", (context) =>
    Effect.gen(function*() {
      if (!isInstalled && process.env["CI"] === undefined) {
        console.log("skipped: HTTPie is not installed (apt-get install httpie)")
        return context.skip()
      }
      const { api, user } = yield* start
      const isRecorded = process.env["RECORD"] === "1"
      for (const args of isRecorded ? table : tested) yield* httpie(located(args, api.url), user.directory)
      const sent = api.arrived.map(shown)
      if (isRecorded) return writeFileSync(golden, `${JSON.stringify(sent, null, 2)}\n`)
      assert.deepStrictEqual(sent, kept())
    }), 300_000)
})
