/**
 * Output for people: colors, progress, help and completions; and the cost of a start.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import * as binary from "./support/binary.js"

const minute = 300_000

const start = Effect.gen(function*() {
  const { environment: env } = yield* Loopback.start({
    api: {
      handler: (request) =>
        Effect.succeed(
          request.url.endsWith("/export")
            ? new Response("x".repeat(200_000), { headers: { "content-length": "200000" } })
            : request.url.endsWith("/untyped")
            ? new Response(new TextEncoder().encode("\x1b]0;title\x07text"))
            : request.url.endsWith("/octets")
            ? new Response("\x1b[2Jtext", { headers: { "content-type": "application/octet-stream" } })
            : request.url.endsWith("/hidden")
            ? new Response("\x1b[8mtext\x9b31m", { headers: { "content-type": "text/plain" } })
            : request.url.endsWith("/json")
            ? Response.json({ a: "\x9b31m\x7f" })
            : request.url.endsWith("/latin1")
            ? new Response(new Uint8Array([0xe9]), { headers: { "content-type": "text/plain; charset=iso-8859-1" } })
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
    "an answer is shown with its headers, indented and in colors; without them when NO_COLOR is set",
    () =>
      Effect.gen(function*() {
        const { env, user } = yield* start
        const colored = yield* user.terminal(["call", "/items"], { env })
        assert.strictEqual(colored.exitCode, 0)
        assert.include(colored.stdout, "\x1b[34m\"sku\"\x1b[39m: \x1b[32m\"SKU-1\"\x1b[39m")
        assert.include(colored.stdout, "\x1b[36mcontent-type\x1b[39m: application/json")
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
      for (
        const [path, shown] of [
          ["untyped", "\\x1b]0;title\\x07text"],
          ["octets", "\\x1b[2Jtext"],
          ["hidden", "\\x1b[8mtext\\x9b31m"],
          ["json", "\"a\": \"\\u009b31m\\u007f\""]
        ] as const
      ) {
        const ended = yield* user.terminal(["call", "GET", `/${path}`], { env: { ...env, NO_COLOR: "1" } })
        assert.include(ended.stdout, shown)
        assert.notMatch(ended.stdout, /[\x1b\x7f-\x9f]/, path)
      }
    }), minute)

  it.scopedLive("a response is decoded by the charset of its Content-Type", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start
      assert.include((yield* user.terminal(["call", "/latin1"], { env })).stdout, "é")
    }), minute)
})

describe("the command", () => {
  it.scopedLive("tables and plots fit the columns, and 24 rows", () =>
    Effect.gen(function*() {
      const { user } = yield* start
      const shown = [
        "",
        "--plot",
        "--fleet 4..20 --audiences 3 --plot",
        "--fleet 4..20 --audiences 3",
        "--one-token-per-client --fleet 2"
      ]
      for (const columns of [80, 40]) {
        for (const options of shown) {
          const line = `effect-oauth simulate ${options}`
          const { stdout } = yield* user.shellTerminal(`stty cols ${columns}; ${line}`, { env: { NO_COLOR: "1" } })
          const lines = stdout.replaceAll("\r", "").trimEnd().split("\n")
          for (const one of lines) assert.isAtMost([...one].length, columns, one)
          // The first row is the command.
          if (columns === 80) assert.isAtMost(lines.length, 23, line)
          assert.notMatch(stdout, /undefined|NaN/)
        }
      }
    }), minute)

  it.scopedLive("explains itself and each of its commands", () =>
    Effect.gen(function*() {
      const { run, spawn } = yield* binary.home
      const overview = yield* spawn(["--help"])
      assert.deepStrictEqual([overview.exitCode, overview.stderr], [0, ""])
      for (const name of ["init", "doctor", "call", "token", "inspect", "status", "budget", "revoke", "simulate"]) {
        assert.include(overview.stdout, `  ${name} `)
        const help = yield* run([name, "--help"])
        assert.deepStrictEqual([help.exitCode, help.stderr], [0, ""])
        assert.include(help.stdout, `effect-oauth ${name} `)
        assert.include(help.stdout, "--profile NAME ")
        assert.notInclude(help.stdout, "\x1b")
      }
    }), minute)

  const shells: ReadonlyArray<readonly [shell: string, complete: (script: string, line: string) => string]> = [
    [
      "bash",
      (script, line) => `
        . ${script}
        COMP_LINE="${line}" COMP_POINT=${line.length} COMP_WORDS=(${line}) COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
        [[ "${line}" == *" " ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
        _effect_oauth
        printf '%s\\n' "\${COMPREPLY[@]}"`
    ],
    [
      "zsh",
      (script, line) => `
        autoload -U compinit && compinit -u -D
        . ${script}
        _describe() { print -l -- "\${(@)found}" }
        compset() { print -- "prefix $2" }
        _files() { print -l -- *(N) }
        words=(${line}) CURRENT=\${#words}
        [[ "${line}" == *" " ]] && words+=("") && CURRENT=$((CURRENT + 1))
        _effect_oauth`
    ],
    ["fish", (script, line) => `source ${script}; complete -C "${line}"`]
  ]

  for (const [shell, complete] of shells) {
    const isThere = spawnSync(shell, ["-c", "true"]).status === 0
    it.scopedLive.skipIf(!isThere)(
      `completes commands, options, profiles and files in ${shell}${isThere ? "" : " (skipped: it is not installed)"}`,
      () =>
        Effect.gen(function*() {
          const { directory, run } = yield* binary.home
          writeFileSync(join(directory, "completions"), (yield* run(["--completions", shell])).stdout)
          writeFileSync(
            join(directory, "effect-oauth"),
            `#!/bin/sh\nexec "${process.execPath}" "${binary.path}" "$@"\n`,
            {
              mode: 0o755
            }
          )
          mkdirSync(join(directory, ".config/effect-oauth/profiles"), { recursive: true })
          writeFileSync(join(directory, ".config/effect-oauth/profiles/staging.env"), "")
          writeFileSync(join(directory, "body.json"), "{}")
          const completed = (line: string) => {
            const { stderr, stdout } = spawnSync(shell, ["-c", complete("./completions", line)], {
              cwd: directory,
              encoding: "utf8",
              env: { PATH: `${directory}:${process.env["PATH"]}`, HOME: directory, TERM: "dumb" }
            })
            assert.strictEqual(stderr, "", line)
            return stdout
          }
          for (const name of ["token", "call", "doctor"]) assert.include(completed("effect-oauth "), name)
          assert.include(completed("effect-oauth token --hea"), "--header")
          assert.include(completed("effect-oauth token --profile "), "staging")
          assert.include(completed("effect-oauth call /items key=@bo"), "body.json")
        }),
      minute
    )
  }

  it.scopedLive("begins fast, since it loads no more than a command needs", () =>
    Effect.gen(function*() {
      const { directory, spawn } = yield* binary.home
      const [probe, report] = [join(directory, "probe.cjs"), join(directory, "report")]
      writeFileSync(
        probe,
        `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(report)}, JSON.stringify([
          ...process.moduleLoadList.map((name) => name.replace("NativeModule ", "")),
          ...([...globalThis["effect/GlobalValue"]?.keys() ?? []].some((key) => /FiberRef/.test(String(key))) ? ["Effect"] : []),
          ...(Symbol.for("undici.globalDispatcher.1") in globalThis ? ["Undici"] : [])
        ])))`
      )
      const costly = ["Effect", "Undici", "child_process", "http", "https", "readline", "tls", "zlib"]
      const loaded = (line: string, env: Readonly<Record<string, string>> = {}) =>
        Effect.map(spawn(line.split(" "), { env: { ...env, NODE_OPTIONS: `--require ${probe}` } }), ({ exitCode }) => {
          assert.strictEqual(exitCode, 0, line)
          const names = JSON.parse(readFileSync(report, "utf8")) as ReadonlyArray<string>
          return names.filter((name) => costly.includes(name)).sort()
        })
      const { env } = yield* start
      assert.match((yield* spawn(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/)
      for (const line of ["--version", "--help", "token --help", "complete-words -- tok"]) {
        assert.deepStrictEqual(yield* loaded(line), [], line)
      }
      assert.deepStrictEqual(yield* loaded("simulate --json"), ["Effect"])
      // Undici, half as large as the program, is for certificates and proxies only.
      assert.deepStrictEqual(yield* loaded("token", env), ["Effect", "http", "https", "tls"])
      // The token is cached.
      assert.deepStrictEqual(yield* loaded("token", env), ["Effect"])
    }), minute)
})
