/**
 * Writes the page about the cost of the command line beside HTTPie and curl: `npm run bench:cli`.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import * as Loopback from "@effect-oauth/testing/Loopback"
import * as Effect from "effect/Effect"

import { machine } from "./results.js"
import * as toolCost from "./toolCost.js"

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const program = fileURLToPath(new URL("../../cli/dist/bundle/effect-oauth.js", import.meta.url))
const rounds = 21

const measured = Effect.gen(function*() {
  const { environment } = yield* Loopback.start()
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-oauth-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
  )
  const env = { PATH: process.env["PATH"], HOME: home, ...environment }
  const url = `${environment["API_BASE_URL"]}/items`
  return yield* Effect.promise(async () => {
    const token = await toolCost.output([process.execPath, program, "token"], env)
    const authorization = `Authorization:Bearer ${token.trim()}`
    return toolCost.measure(
      [
        { name: "effect-oauth call", command: [process.execPath, program, "call", "/items"] },
        { name: "effect-oauth token", command: [process.execPath, program, "token"] },
        { name: toolCost.reference, command: ["http", "--check-status", url, authorization] },
        { name: "curl", command: ["curl", "--silent", "--fail", "-H", authorization, url] },
        { name: "Node.js without a program", command: [process.execPath, "-e", "0"] }
      ],
      rounds,
      env
    )
  })
}).pipe(Effect.scoped)

const versionOf = (command: string): string | undefined =>
  spawnSync(command, ["--version"], { encoding: "utf8" }).stdout?.split("\n")[0]?.trim()

const [http, curl] = [versionOf("http"), versionOf("curl")]
if (http === undefined || curl === undefined) {
  process.stderr.write("Skipped: HTTPie (http) and curl are required, and one of them is not installed.\n")
} else {
  execFileSync(process.execPath, [fileURLToPath(new URL("../../cli/scripts/bundle.mjs", import.meta.url))])
  const { cores, load, node, processor } = machine()
  const results = {
    at: new Date().toISOString(),
    machine: `${processor}, ${cores} cores, load average ${load} at the start; Node.js ${node}, HTTPie ${http}, ` +
      curl.split(" ").slice(0, 2).join(" "),
    costs: await Effect.runPromise(measured)
  }
  writeFileSync(path("results/command-line.json"), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(path("COMMAND_LINE.md"), toolCost.page(results))
  process.stdout.write(toolCost.page(results))
}
