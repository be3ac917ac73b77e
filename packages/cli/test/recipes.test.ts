/**
 * The recipes of the testing package for other runners and languages, as its README quotes them.
 */
import { execFile, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { afterAll, assert, describe, it } from "@effect/vitest"

import * as binary from "./support/binary.js"

const testing = fileURLToPath(new URL("../../testing", import.meta.url))
const recipes = join(testing, "recipes")

/** A directory of programs with the command in it. */
const programs = mkdtempSync(join(tmpdir(), "programs-"))
symlinkSync(binary.path, join(programs, "effect-oauth"))
afterAll(() => rmSync(programs, { recursive: true }))

const run = (command: string, args: ReadonlyArray<string>) =>
  new Promise<string>((resolve, reject) => {
    const env = {
      ...process.env,
      NODE_OPTIONS: "",
      PYTHONDONTWRITEBYTECODE: "1",
      PATH: `${programs}:${process.env["PATH"]}`
    }
    execFile(command, [...args], { cwd: recipes, env }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${stdout}${stderr}`))
    })
  })

const hasPytest = spawnSync("python3", ["-m", "pytest", "--version"]).status === 0

describe("recipes", () => {
  it("are quoted in the README", () => {
    const readme = readFileSync(join(testing, "README.md"), "utf8")
    for (const name of readdirSync(recipes)) {
      if (name === "orders.mjs" || name.startsWith("__") || name.startsWith(".")) continue
      assert.include(readme, `\n${readFileSync(join(recipes, name), "utf8")}\`\`\`\n`)
    }
  })

  it("node:test", async () => {
    assert.match(await run(process.execPath, ["--test", "--test-reporter", "tap", "node.test.mjs"]), /# pass 2\n/)
  })

  it.skipIf(!hasPytest)(`pytest${hasPytest ? "" : " (skipped: python3 -m pytest is not there)"}`, async () => {
    assert.match(await run("python3", ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_orders.py"]), /2 passed/)
  })
})
