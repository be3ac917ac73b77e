/**
 * What a person sees: colours, progress, help, completions; and how long it takes to begin.
 */
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import * as binary from "./support/binary.js"

const minute = 120_000

const start = Effect.gen(function*() {
  const { environment: env } = yield* Loopback.start({
    api: {
      handler: (request) =>
        Effect.succeed(
          request.url.endsWith("/export")
            ? new Response("x".repeat(200_000), { headers: { "content-length": "200000" } })
            : request.url.endsWith("/evil")
            ? new Response("\x1b]0;title\x07\x1b[2Jtext", { headers: { "content-type": "text/plain", "x-evil": "a" } })
            : Response.json({ sku: "SKU-1", quantity: 3, on: true })
        )
    }
  })
  return { env, user: yield* binary.home }
})

describe("on a terminal", () => {
  it.scopedLive(
    "an answer is shown with its headers, indented and in colours; without them when NO_COLOR is set",
    () =>
      Effect.gen(function*() {
        const { env, user } = yield* start
        const coloured = yield* user.terminal(["call", "/items"], { env })
        assert.strictEqual(coloured.exitCode, 0)
        assert.include(coloured.stdout, "\x1b[34m\"sku\"\x1b[39m: \x1b[32m\"SKU-1\"\x1b[39m")
        assert.include(coloured.stdout, "\x1b[36mcontent-type\x1b[39m: application/json")
        const plain = yield* user.terminal(["call", "/items"], { env: { ...env, NO_COLOR: "1" } })
        assert.notInclude(plain.stdout, "\x1b[")
        assert.include(
          plain.stdout.replaceAll("\r", ""),
          "{\n    \"sku\": \"SKU-1\",\n    \"quantity\": 3,\n    \"on\": true\n}\n"
        )
        const piped = yield* user.shell("eo call /items; eo status; eo simulate; eo doctor", { env })
        assert.notInclude(piped.stdout + piped.stderr, "\x1b[")
      }),
    minute
  )

  it.scopedLive("a download shows how far it is", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start
      const ended = yield* user.terminal(["call", "-d", "/export"], { env })
      assert.match(ended.stdout, /100% █{30} 200\.0 kB/)
      assert.match(ended.stdout, /export: 200\.0 kB/)
      const quiet = yield* user.terminal(["call", "-d", "--quiet", "/export"], { env })
      assert.strictEqual(quiet.stdout, "")
    }), minute)

  it.scopedLive("a server does not steer the terminal", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start
      const { stdout } = yield* user.terminal(["call", "/evil"], { env: { ...env, NO_COLOR: "1" } })
      assert.include(stdout, "\\x1b]0;title\\x07\\x1b[2Jtext")
      assert.notInclude(stdout, "\x1b")
    }), minute)
})

describe("the command", () => {
  it.scopedLive("explains itself and each of its commands", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      const overview = yield* run(["--help"])
      assert.deepStrictEqual([overview.exitCode, overview.stderr], [0, ""])
      for (const name of ["init", "doctor", "call", "token", "inspect", "status", "revoke", "simulate"]) {
        assert.include(overview.stdout, `effect-oauth ${name}`)
        const help = yield* run([name, "--help"])
        assert.deepStrictEqual([help.exitCode, help.stderr], [0, ""])
        assert.include(help.stdout, `$ effect-oauth ${name} `)
        assert.include(help.stdout, "--profile name\n")
        assert.notInclude(help.stdout, "\x1b")
      }
    }), minute)

  it.scopedLive("completes its commands and options in bash", () =>
    Effect.gen(function*() {
      const { directory, run } = yield* binary.home
      const script = yield* run(["--completions", "bash"])
      assert.strictEqual(script.exitCode, 0)
      writeFileSync(join(directory, "completions"), script.stdout)
      const completed = (words: string) =>
        spawnSync("bash", [
          "-c",
          `
          . ./completions
          COMP_WORDS=(${words} "")
          COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
          complete -p effect-oauth > /dev/null || exit 1
          $(complete -p effect-oauth | sed -E 's/.*-F ([^ ]+).*/\\1/') effect-oauth "" ""
          echo "\${COMPREPLY[@]}"
        `
        ], { cwd: directory, encoding: "utf8" }).stdout
      for (const name of ["token", "call", "doctor"]) assert.include(completed("effect-oauth"), name)
      assert.include(completed("effect-oauth token"), "--header")
      for (const shell of ["zsh", "fish"]) assert.include((yield* run(["--completions", shell])).stdout, "doctor")
    }), minute)

  it.scopedLive("begins in well under half a second", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      // Of several, since others use the machine too, and against Node alone, which no program can beat.
      const fastest = (task: () => void) =>
        Math.min(...Array.from({ length: 7 }, () => {
          const begun = performance.now()
          task()
          return performance.now() - begun
        }))
      const node = fastest(() => spawnSync(process.execPath, ["-e", "0"]))
      const version = fastest(() => spawnSync(process.execPath, [binary.path, "--version"]))
      const help = fastest(() => spawnSync(process.execPath, [binary.path, "token", "--help"]))
      console.log(
        `node ${node.toFixed(0)} ms, effect-oauth --version ${version.toFixed(0)} ms, token --help ${
          help.toFixed(0)
        } ms`
      )
      assert.isBelow(version - node, 200)
      assert.isBelow(help - node, 500)
      assert.match((yield* run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/)
    }), minute)
})
