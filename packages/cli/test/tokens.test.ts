/**
 * Tokens that are handed to other programs, and what commands remember of each other.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { TokenEndpointUnavailable } from "@effect-oauth/client-credentials/OAuthError"
import type * as TokenEndpoint from "@effect-oauth/client-credentials/TokenEndpoint"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Deferred, Duration, Effect, Exit, Fiber, TestClock } from "effect"

import * as sharedTokens from "../src/internal/sharedTokens.js"
import * as tokenLife from "../src/internal/tokenLife.js"
import * as binary from "./support/binary.js"
import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

const start = (options: Parameters<typeof Loopback.start>[0] = {}) =>
  Effect.gen(function*() {
    const { environment: env, server } = yield* Loopback.start(options)
    const { directory, ...user } = yield* binary.home
    const run = (...args: ReadonlyArray<string>) => user.run(args, { env })
    /** Runs in a separate process, which may start others. */
    const spawn = (...args: ReadonlyArray<string>) => user.spawn(args, { env })
    return { directory, env, run, server, spawn, user }
  })

const minute = 300_000

/** A program that waits for a signal. */
const waiting = (signal: string) =>
  `process.on("${signal}", () => { console.log("ended"); process.exit(3) }); ` +
  "setInterval(() => {}, 1000); console.log(\"begun\")"

/** This command, for a shell below it. */
const self = `"${process.execPath}" "${binary.path}"`

describe("a warning about a limit", () => {
  it.scopedLive("names commands, not parts of programs", () =>
    Effect.gen(function*() {
      const { url } = yield* support.issuer(({ reject }) =>
        reject(200, { access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 }, {
          "auth0-client-quota-limit": "b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=0;t=43200"
        })
      )
      const user = yield* binary.home
      const { exitCode, stderr } = yield* user.run(["token"], {
        env: {
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: servers.secret,
          OAUTH_TOKENS_PER_DAY: "1"
        }
      })
      assert.strictEqual(exitCode, 0)
      assert.match(
        stderr,
        /1 of 1 tokens .*At the limit, commands that need another token fail\. effect-oauth budget/,
        stderr
      )
      assert.match(stderr, /50 of 50 tokens .*see effect-oauth budget, and request fewer tokens/)
      assert.notMatch(stderr, /\.layer|SharedClientCredentials|IssuanceBudget|oauth\./)
    }), minute)
})

describe("a token", () => {
  it.scopedLive("is printed in each form, of which one is named", () =>
    Effect.gen(function*() {
      const { env, run, user } = yield* start()
      assert.strictEqual((yield* run("token", "--format", "header")).stdout, "Authorization: Bearer token-1\n")
      assert.match(
        (yield* run("token", "--format=env")).stdout,
        /^OAUTH_ACCESS_TOKEN=token-1\nOAUTH_ACCESS_TOKEN_EXPIRES_AT=\d{4}-.*Z\n$/
      )
      const json = (...more: ReadonlyArray<string>) =>
        Effect.map(run("token", ...more), ({ stdout }) => stdout.replace(/"expires_in":\d+/, ""))
      assert.strictEqual(yield* json("--json"), yield* json("--format", "json"))
      for (const version of ["v1", "v1beta1"]) {
        const info = JSON.stringify({ apiVersion: `client.authentication.k8s.io/${version}`, kind: "ExecCredential" })
        const { stdout } = yield* user.run(["token", "--format", "exec-credential"], {
          env: { ...env, KUBERNETES_EXEC_INFO: info }
        })
        const { apiVersion, kind, status } = JSON.parse(stdout) as {
          readonly apiVersion: string
          readonly kind: string
          readonly status: { readonly token: string; readonly expirationTimestamp: string }
        }
        assert.deepStrictEqual(
          [apiVersion, kind, status.token],
          [`client.authentication.k8s.io/${version}`, "ExecCredential", "token-1"]
        )
        assert.match(status.expirationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      }
      for (const more of [["--json", "--header"], ["--format", "json", "--header"], ["--exec", "true", "--json"]]) {
        const { exitCode, stderr } = yield* run("token", ...more)
        assert.deepStrictEqual([exitCode, /exclude each other/.test(stderr)], [2, true], more.join(" "))
      }
    }), minute)

  it.scopedLive("is requested, and revoked, within --timeout", () =>
    Effect.gen(function*() {
      const { env, run, user } = yield* start()
      const silent = yield* servers.http(() => {})
      assert.strictEqual((yield* run("token", "--timeout", "1min")).exitCode, 0)
      for (const args of [["token", "--fresh"], ["exec", "--fresh", "--", "true"], ["inspect"], ["revoke"]]) {
        const { exitCode, stderr } = yield* user.run([args[0] ?? "", "--timeout", "300ms", ...args.slice(1)], {
          env: args[0] === "revoke"
            ? { ...env, OAUTH_REVOCATION_URL: `${silent}/revoke` }
            : { ...env, OAUTH_TOKEN_URL: `${silent}/token` }
        })
        assert.strictEqual(exitCode, 12, stderr)
        assert.match(
          stderr,
          /^error: The command was not finished within --timeout 300ms\. [^]*effect-oauth doctor\.\n$/
        )
        const wrong = yield* run(args[0] ?? "", "--timeout", "soon", ...args.slice(1))
        assert.strictEqual(wrong.exitCode, 2)
        assert.match(wrong.stderr, /--timeout soon is not a duration/)
      }
    }), minute)

  it("is due in its refresh window, and when it does not last for --min-life", () => {
    const day = 86_400_000
    const token = { requestedAt: 0, expiresAt: day }
    for (
      const [left, minLife, isDue] of [
        [day, undefined, false],
        [300_001, undefined, false],
        [300_000, undefined, true],
        [1, undefined, true],
        [3_600_000, 3_600_000, false],
        [3_599_999, 3_600_000, true],
        [300_001, day, false],
        [300_001, 2 * day, false]
      ] as const
    ) assert.strictEqual(tokenLife.isDue(token, day - left, minLife), isDue, `${left} ${minLife}`)
    assert.isTrue(tokenLife.isDue({ requestedAt: 0, expiresAt: 60_000 }, 48_000))
    assert.isTrue(tokenLife.isUnreachable(token, day))
    assert.isFalse(tokenLife.isUnreachable(token, day - 1))
  })

  /** A process whose clock is ahead. */
  const later = (minutes: number) => ({
    NODE_OPTIONS: `--import=data:text/javascript,${
      encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${minutes * 60_000}`)
    }`
  })

  for (const command of [["token"], ["token", "--header"], ["token", "--exec", "echo $OAUTH_ACCESS_TOKEN"]]) {
    it.scopedLive(
      `that does not last is replaced before ${command.join(" ")} hands it over`,
      () =>
        Effect.gen(function*() {
          const { env, server, user } = yield* start({ server: { tokenLife: "1 hour" } })
          const run = (minutes: number, ...more: ReadonlyArray<string>) =>
            Effect.map(
              user.spawn([...command, ...more], { env: { ...env, ...later(minutes) } }),
              ({ stderr, stdout }) => [/token-\d/.exec(stdout)?.[0], stderr]
            )
          assert.deepStrictEqual(yield* run(0), ["token-1", ""])
          assert.deepStrictEqual(yield* run(30, "--min-life", "20min"), ["token-1", ""])
          assert.deepStrictEqual(yield* run(30, "--min-life", "40min"), ["token-2", ""])
          assert.deepStrictEqual(yield* run(84), ["token-2", ""])
          assert.deepStrictEqual(yield* run(86), ["token-3", ""])
          const [token, warning = ""] = yield* run(90, "--min-life=2h")
          assert.strictEqual(token, "token-3")
          assert.match(warning, /^warning: Tokens of this server last [^,]+, so none lasts for --min-life 2 h\.\n$/)
          // While the server is down, the cached token is used.
          yield* server.faults.rule(() => Fault.answer(400, "{\"error\":\"invalid_scope\"}"))
          const [cached, failure = ""] = yield* run(143)
          assert.strictEqual(cached, "token-3")
          assert.match(failure, /^warning: .*The cached token is used, which expires in /)
        }),
      minute
    )
  }
})

describe("a program", () => {
  it.scopedLive(
    "is run with the token in its environment, without the secret, and decides the exit code",
    () =>
      Effect.gen(function*() {
        const { directory, spawn } = yield* start()
        const file = join(directory, "file")
        writeFileSync(file, "", { mode: 0o600 })
        const line = "echo \"$OAUTH_ACCESS_TOKEN ${OAUTH_CLIENT_SECRET-none} $1\"; exit 7"
        assert.deepStrictEqual(yield* spawn("exec", "--", "sh", "-c", line, "sh", "--a b"), {
          exitCode: 7,
          stdout: "token-1 none --a b\n",
          stderr: ""
        })
        for (
          const [program, exitCode, says] of [
            ["no-such-program", 127, /^error: no-such-program could not be found\. /],
            ["/no/such/program", 127, /^error: \/no\/such\/program could not be found\. /],
            [file, 126, /\/file could not be executed \(EACCES\)\. /],
            [directory, 126, / could not be executed \(EACCES\)\. /]
          ] as const
        ) {
          const failed = yield* spawn("exec", "--", program)
          assert.strictEqual(failed.exitCode, exitCode, program)
          assert.match(failed.stderr, says)
        }
        assert.match((yield* spawn("exec")).stderr, /A program is missing/)
        assert.match((yield* spawn("exec", "kubectl", "-o", "json")).stderr, /Unknown option -o\..*Write -- before/)
      }),
    minute
  )

  for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1"] as const) {
    it.scopedLive(`receives ${signal}, and decides how both end`, () =>
      Effect.gen(function*() {
        const { env, user } = yield* start()
        const { exitCode, stdout } = yield* user.spawn(["exec", "--", process.execPath, "-e", waiting(signal)], {
          env,
          started: (child) => child.stdout?.once("data", () => child.kill(signal))
        })
        assert.deepStrictEqual([exitCode, stdout], [3, "begun\nended\n"])
      }), minute)
  }

  it.scopedLive("ended by a signal has the exit code of a shell", () =>
    Effect.gen(function*() {
      const { spawn } = yield* start()
      for (const [signal, number] of [["TERM", 15], ["KILL", 9]] as const) {
        const line = `kill -${signal} $$`
        for (const args of [["exec", "--", "sh", "-c", line], ["token", "--exec", line]]) {
          assert.strictEqual((yield* spawn(...args)).exitCode, 128 + number)
        }
      }
    }), minute)

  it.scopedLive("receives Ctrl-C from the terminal", () =>
    Effect.gen(function*() {
      const { directory, env, user } = yield* start()
      const program = join(directory, "program.mjs")
      writeFileSync(program, waiting("SIGINT"))
      const { stdout } = yield* user.terminal(["exec", "--", process.execPath, program], {
        env,
        isOpen: true,
        started: ({ stdin, stdout }) => stdout?.once("data", () => stdin?.write("\x03"))
      })
      assert.lengthOf(stdout.match(/ended/g) ?? [], 1)
    }), minute)

  it.scopedLive(
    "may run this command, which uses the token or the profile that it was started with",
    () =>
      Effect.gen(function*() {
        const { directory, env, server, spawn, user } = yield* start()
        const below = [`${self} token`, `${self} call /items`]
        for (const line of below) {
          for (const args of [["exec", "--", "sh", "-c", line], ["token", "--exec", line]]) {
            const { exitCode, stderr, stdout } = yield* spawn(...args)
            assert.deepStrictEqual([exitCode, stderr], [0, ""], line)
            assert.match(stdout, /^(token-1\n|\{\})$/)
          }
        }
        const other = yield* spawn("exec", "--", "sh", "-c", `${self} token --fresh`)
        assert.deepStrictEqual([other.exitCode, other.stdout], [0, "token-1\n"])
        assert.lengthOf(yield* server.issued, 1)
        const profiles = join(directory, ".config/effect-oauth/profiles")
        mkdirSync(profiles, { recursive: true })
        const text = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`).join("")
        for (const name of ["default", "staging"]) {
          writeFileSync(join(profiles, `${name}.env`), text, { mode: 0o600 })
          const options = name === "default" ? [] : ["--profile", name]
          const { stdout } = yield* user.spawn([
            "exec",
            ...options,
            "--",
            "sh",
            "-c",
            `echo $EFFECT_OAUTH_PROFILE; ${self} status`
          ])
          assert.match(stdout, new RegExp(`^${name}\n[^]*│ ${name} +│ `))
        }
      }),
    minute
  )
})

describe("a failure", () => {
  it.scopedLive(
    "of an earlier command is reported as remembered; --fresh sends a request",
    () =>
      Effect.gen(function*() {
        const { run, server } = yield* start()
        yield* server.faults.rule(() => Fault.answer(503, "{}", { "retry-after": "3600" }))
        const first = yield* run("token")
        assert.notInclude(first.stderr, "remembered")
        const sent = (yield* server.received).length
        const second = yield* run("token")
        assert.strictEqual(second.exitCode, first.exitCode)
        assert.lengthOf(yield* server.received, sent)
        assert.match(
          second.stderr,
          /^The failure of an earlier token request is remembered, for another .*, and no request was sent\. .*--fresh sends one now\.\nerror: /
        )
        const fresh = yield* run("token", "--fresh")
        assert.isAbove((yield* server.received).length, sent)
        assert.notInclude(fresh.stderr, "remembered")
      }),
    minute
  )

  it.effect("of an earlier command is reported only as the outcome; a command that waits for its end notes that it waits", () =>
    Effect.gen(function*() {
      const failure = new TokenEndpointUnavailable({
        endpoint: "https://as.example.com/token",
        reason: "status",
        detail: "503",
        retryAfter: Duration.seconds(3)
      })
      const network: TokenEndpoint.TokenEndpoint = {
        request: {} as TokenEndpoint.TokenEndpoint["request"],
        requestToken: () => Effect.fail(failure)
      }
      const run = (
        reason: "cold" | "renewal",
        { sends, waits }: { readonly sends: boolean; readonly waits: boolean }
      ) =>
        Effect.gen(function*() {
          const notes: Array<string> = []
          let isSent = false
          const decorated = Effect.gen(function*() {
            const decorate = yield* sharedTokens.remembering(() => isSent, (line) =>
              Effect.sync(() => void notes.push(line)))
            const { request, requestToken } = decorate(network)
            const requested = requestToken(request, { reason, replaces: undefined })
            const again = Effect.suspend(() => {
              isSent = sends
              return requested
            })
            return yield* Effect.catchAll(requested, (error) =>
              waits ? Effect.delay(again, "3 seconds") : Effect.fail(error))
          })
          const fiber = yield* Effect.fork(Effect.exit(Effect.scoped(decorated)))
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(fiber)
          return notes
        })
      const waiting = "Waiting 3 s: an earlier token request failed."
      const remembered = "The failure of an earlier token request is remembered, for another 3 s, and no request was " +
        "sent. effect-oauth token --fresh sends one now."
      assert.deepStrictEqual(yield* run("cold", { sends: true, waits: true }), [waiting])
      assert.deepStrictEqual(yield* run("cold", { sends: false, waits: true }), [waiting, remembered])
      assert.deepStrictEqual(yield* run("cold", { sends: false, waits: false }), [remembered])
      assert.deepStrictEqual(yield* run("renewal", { sends: true, waits: true }), [])
    }))

  it.scopedLive(
    "to end by itself, in a process that was killed, delays the next one by a few seconds, with a note",
    () =>
      Effect.gen(function*() {
        const { env: other, user } = yield* start()
        const arrived = yield* Deferred.make<void>()
        let count = 0
        const url = yield* servers.http((_, response) => {
          count += 1
          if (count === 1) return Deferred.unsafeDone(arrived, Exit.void)
          response.writeHead(200, { "content-type": "application/json" })
          response.end(JSON.stringify({ access_token: `token-${count}`, token_type: "Bearer", expires_in: 3600 }))
        })
        const env = { ...other, OAUTH_TOKEN_URL: `${url}/token` }
        let kill = (): void => {}
        yield* Effect.fork(user.spawn(["token"], {
          env,
          started: (child) => {
            kill = () => child.kill("SIGKILL")
          }
        }))
        yield* Deferred.await(arrived)
        // Killed while the next process waits for it, however long that one takes to start.
        const next = yield* user.spawn(["token"], { env, started: (child) => child.stderr?.once("data", kill) })
        assert.deepStrictEqual([next.exitCode, next.stdout], [0, "token-2\n"])
        assert.match(next.stderr, /^Waiting for the token that another process is requesting .* for at most 4 s\.\n$/)
      }),
    minute
  )
})
