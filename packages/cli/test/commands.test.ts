/**
 * The commands on the servers of the testing package.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import { runs, sample } from "../../client-credentials/test/support/runs.js"
import * as binary from "./support/binary.js"
import * as recorder from "./support/recorder.js"
import * as servers from "./support/tlsServers.js"

const start = (options: Parameters<typeof Loopback.start>[0] = {}) =>
  Effect.gen(function*() {
    const { api, environment: env, server } = yield* Loopback.start(options)
    const { directory, ...user } = yield* binary.home
    const run = (...args: ReadonlyArray<string>) => user.run(args, { env })
    return { api, directory, env, run, server, user }
  })

/** The files in a home directory, without those of the tokens and the code cache. */
const filesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory).filter((name) => name !== ".cache" && name !== ".local").sort()

const minute = 300_000

describe("token", () => {
  it.scopedLive("prints the token as text, JSON or header, and requests it once", () =>
    Effect.gen(function*() {
      const { run, server } = yield* start()
      assert.deepStrictEqual(yield* run("token"), { exitCode: 0, stdout: "token-1\n", stderr: "" })
      assert.strictEqual((yield* run("token", "--header")).stdout, "Authorization: Bearer token-1\n")
      const json = JSON.parse((yield* run("token", "--json")).stdout) as Record<string, unknown>
      assert.deepStrictEqual([json["access_token"], json["token_type"]], ["token-1", "Bearer"])
      assert.isTrue(Number(json["expires_in"]) > 86_000 && Number(json["expires_in"]) <= 86_400)
      assert.strictEqual((yield* server.issued).length, 1)
      assert.strictEqual((yield* run("token", "--fresh")).stdout, "token-2\n")
      assert.strictEqual((yield* run("token")).stdout, "token-2\n")
    }), minute)

  for (const output of [[], ["--json"], ["--header"], ["--exec", "echo $OAUTH_ACCESS_TOKEN"]]) {
    it.scopedLive(
      `--fresh ${output[0] ?? ""} sends one token request, whatever the store holds`,
      () =>
        Effect.gen(function*() {
          const { directory, run, server } = yield* start()
          const fresh = Effect.map(run("token", "--fresh", ...output), ({ stdout }) => /token-\d+/.exec(stdout)?.[0])
          assert.strictEqual(yield* fresh, "token-1")
          assert.strictEqual((yield* server.issued).length, 1)
          assert.strictEqual(yield* fresh, "token-2")
          yield* run("revoke", "--forget")
          assert.strictEqual(yield* fresh, "token-3")
          const tokens = join(directory, ".local/state/effect-oauth/tokens")
          for (const name of readdirSync(tokens, { recursive: true }).map(String)) {
            if (statSync(join(tokens, name)).isFile()) writeFileSync(join(tokens, name), "garbage")
          }
          assert.strictEqual(yield* fresh, "token-4")
          assert.strictEqual((yield* server.issued).length, 4)
        }),
      minute
    )
  }

  it.scopedLive("tries the previous secret when the server rejects that of the command", () =>
    Effect.gen(function*() {
      const { env, server, user } = yield* start()
      const ended = yield* user.run(["token"], {
        env: {
          ...env,
          OAUTH_CLIENT_SECRET: undefined,
          OAUTH_CLIENT_SECRET_COMMAND: "echo n3w-s3cr3t",
          OAUTH_CLIENT_SECRET_PREVIOUS: env["OAUTH_CLIENT_SECRET"]
        }
      })
      assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, "token-1\n"])
      assert.notInclude(ended.stderr, "s3cr3t")
      assert.lengthOf(yield* server.received, 2)
    }), minute)

  it.scopedLive(
    "requires no API, nor do the other commands that make no call; a call reports the missing setting",
    () =>
      Effect.gen(function*() {
        const { env: { API_BASE_URL: _, ...env }, user } = yield* start()
        const run = (...args: ReadonlyArray<string>) => user.run(args, { env })
        assert.deepStrictEqual(yield* run("token"), { exitCode: 0, stdout: "token-1\n", stderr: "" })
        for (const command of [["status"], ["revoke", "--forget"]]) {
          const { exitCode, stderr } = yield* run(...command)
          assert.deepStrictEqual([command, exitCode, stderr.includes("API_BASE_URL")], [command, 0, false])
        }
        const call = yield* run("call", "/items")
        assert.deepStrictEqual([call.exitCode, call.stdout, /API_BASE_URL/.test(call.stderr)], [10, "", true])
      }),
    minute
  )

  it.scopedLive("is not configured by the variables of other programs", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      const ended = yield* run(["token"], { env: { API_KEY: "x", API_ALLOW_OUTSIDE_BASE_PATH: "true" } })
      assert.deepStrictEqual([ended.exitCode, /No client is configured/.test(ended.stderr)], [10, true])
    }), minute)

  it.scopedLive(
    "hands the token to a command by its environment alone, without the secret, and ends as it does",
    () =>
      Effect.gen(function*() {
        const { env, user } = yield* start()
        const run = (...args: ReadonlyArray<string>) => user.spawn(args, { env })
        const arguments_ = "tr '\\0' ' ' < /proc/$$/cmdline; tr '\\0' ' ' < /proc/$PPID/cmdline"
        const shown = yield* run(
          "token",
          "--exec",
          `echo "$OAUTH_ACCESS_TOKEN ${"$"}{OAUTH_CLIENT_SECRET-none}"; ${arguments_}; exit 7`
        )
        const [first, ...rest] = shown.stdout.split("\n")
        assert.deepStrictEqual([first, shown.exitCode, shown.stderr], ["token-1 none", 7, ""])
        assert.include(rest.join(""), "--exec")
        assert.notInclude(rest.join(""), "token-1")
        assert.strictEqual((yield* run("token", "--exec", "kill -TERM $$")).exitCode, 143)
      }),
    minute
  )

  it.scopedLive("calls in a shell loop request one token", () =>
    Effect.gen(function*() {
      const { env, server, user } = yield* start()
      const count = runs("calls in a shell loop", { quick: 2, full: 100 })
      const ended = yield* user.shell(`for i in $(seq ${count}); do eo call GET /items/$i || exit 1; done`, { env })
      assert.deepStrictEqual(ended, { exitCode: 0, stdout: "{}".repeat(count), stderr: "" })
      assert.strictEqual((yield* server.issued).length, 1)
    }), 600_000)

  it.scopedLive(
    "ten commands that start at once on an empty machine share one key and one token",
    () =>
      Effect.gen(function*() {
        const { directory, env, run, server, user } = yield* start()
        const all = yield* Effect.replicateEffect(user.spawn(["token"], { env }), 10, { concurrency: "unbounded" })
        assert.deepStrictEqual(new Set(all.map(({ stdout }) => stdout)), new Set(["token-1\n"]))
        assert.strictEqual((yield* server.issued).length, 1)
        const state = join(directory, ".local/state/effect-oauth")
        assert.deepStrictEqual(readdirSync(state).sort(), ["store.key", "tokens"])
        yield* run("token")
        assert.strictEqual((yield* server.issued).length, 1)
      }),
    minute
  )

  it.scopedLive(
    "leaves no lock if it is interrupted during the token request",
    () =>
      Effect.gen(function*() {
        const { directory, env: other, user } = yield* start()
        // The first request hangs; when it has arrived, the process is interrupted.
        let arrived = (): void => {}
        let count = 0
        const url = yield* servers.http((_, response) => {
          count += 1
          if (count === 1) return arrived()
          response.writeHead(200, { "content-type": "application/json" })
          response.end(JSON.stringify({ access_token: `token-${count}`, token_type: "Bearer", expires_in: 3600 }))
        })
        const env = { ...other, OAUTH_TOKEN_URL: `${url}/token` }
        /** A lease is given back by a further one that has ended. */
        const lease = () => {
          const number = (name: string) => Number(name.slice(name.lastIndexOf("-") + 1))
          const [newest] = readdirSync(directory, { recursive: true, encoding: "utf8" })
            .filter((name) => name.includes("lease-")).sort((one, other) => number(other) - number(one))
          if (newest === undefined) return false
          const { until } = JSON.parse(readFileSync(join(directory, newest), "utf8")) as { readonly until: number }
          return until > Date.now()
        }
        let isLeased = false
        const ended = yield* user.spawn(["token"], {
          env,
          started: (child) => {
            arrived = () => {
              isLeased = lease()
              child.kill("SIGINT")
            }
          }
        })
        assert.deepStrictEqual(ended, { exitCode: 130, stdout: "", stderr: "" })
        assert.deepStrictEqual([isLeased, lease()], [true, false])
        assert.strictEqual((yield* user.run(["token"], { env })).stdout, "token-2\n")
      }),
    minute
  )

  it.scopedLive(
    "warns on standard error alone, so that a token in a variable is a token",
    () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start()
        yield* run("token")
        const tokens = join(directory, ".local/state/effect-oauth/tokens")
        for (const name of readdirSync(tokens, { recursive: true }).map(String)) {
          if (statSync(join(tokens, name)).isFile()) writeFileSync(join(tokens, name), "garbage")
        }
        const ended = yield* run("token")
        assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, "token-2\n"])
        assert.match(ended.stderr, /^warning: A token in the store could not be opened[^\n]*\n$/)
      }),
    minute
  )

  it.scopedLive("works for a user without a name and a home, whose token is not kept", () =>
    Effect.gen(function*() {
      const { env, run, user } = yield* start()
      const nobody = "setpriv --reuid 54321 --clear-groups env -u HOME"
      const can = yield* user.shell(`${nobody} "${process.execPath}" --check "${binary.path}"`, { cwd: "/", env })
      if (can.exitCode !== 0) {
        assert.strictEqual((yield* run("token")).exitCode, 0)
        return console.log(
          "skipped in part: no process without a user name can be started, or it cannot read the program"
        )
      }
      const line = `${nobody} "${process.execPath}" "${binary.path}" token`
      const ended = yield* user.shell(line, { cwd: "/", env })
      assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, "token-1\n"])
      assert.match(ended.stderr, /^warning: \/\.local\/state\/effect-oauth\/store\.key could not be/)
    }), minute)

  it.scopedLive("warns if tokens cannot be kept, and prints one", () =>
    Effect.gen(function*() {
      const { directory, env, user } = yield* start()
      writeFileSync(join(directory, "state"), "a file where the directory should be")
      // In /proc, Linux creates no directories, and reports ENOENT rather than a missing permission.
      for (const [index, state] of [join(directory, "state"), "/proc/effect-oauth"].entries()) {
        const more = { env: { ...env, XDG_STATE_HOME: state } }
        const ended = yield* user.run(["token"], more)
        assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, `token-${2 * index + 1}\n`])
        assert.match(ended.stderr, /^warning: .*could not be .* The token is not kept for the next command\.\n$/)
        assert.strictEqual((yield* user.run(["token", "--quiet"], more)).stderr, "")
      }
    }), minute)
})

describe("call", () => {
  it.scopedLive("prints the body alone in a pipe, byte for byte", () =>
    Effect.gen(function*() {
      const { run } = yield* start({
        api: { handler: () => Effect.succeed(new Response("{\"id\":12345678901234567890}")) }
      })
      assert.deepStrictEqual(yield* run("call", "/items"), {
        exitCode: 0,
        stdout: "{\"id\":12345678901234567890}",
        stderr: ""
      })
      const pretty = yield* run("call", "--pretty", "format", "/items")
      assert.strictEqual(pretty.stdout, "{\n    \"id\": 12345678901234567890\n}\n")
      assert.match((yield* run("call", "--headers", "/items")).stdout, /^200 OK\n(.*\n)*content-type: text\/plain/)
    }), minute)

  it.scopedLive(
    "takes the body from standard input, from a file and from text; a named GET leaves a loop's input alone",
    () =>
      Effect.gen(function*() {
        const { directory, env, user } = yield* start({
          api: {
            handler: (request) =>
              Effect.promise(() => request.text().then((text) => new Response(`${request.method} ${text}|`)))
          }
        })
        writeFileSync(join(directory, "body.json"), "{\"a\":1}")
        const lines = [
          ["echo '{}' | eo call POST /items", "POST {}\n|"],
          ["echo '{}' | eo call /items", "POST {}\n|"],
          ["eo call PUT /items < body.json", "PUT {\"a\":1}|"],
          ["echo '{}' | eo call -I POST /items", "POST |"],
          ["echo x | eo call POST /items a=@-", "POST {\"a\": \"x\\n\"}|"],
          ["eo call POST /items @body.json", "POST {\"a\":1}|"],
          ["printf '1\\n2\\n' | while read i; do eo call GET /items/$i; done", "GET |GET |"]
        ]
        for (const [line = "", expected] of lines) {
          const ended = yield* user.shell(line, { env })
          assert.deepStrictEqual(ended, { exitCode: 0, stdout: expected, stderr: "" }, line)
        }
        // A program passes a socket, which it may leave open where no body is expected.
        const input = "{\"a\":1}"
        for (const method of ["POST", "PUT", "PATCH"]) {
          assert.strictEqual(
            (yield* user.spawn(["call", method, "/items"], { env, input })).stdout,
            `${method} ${input}|`
          )
        }
        for (const args of [["/items"], ["GET", "/items"], ["DELETE", "/items"]]) {
          const { stdout } = yield* user.spawn(["call", ...args], { env, isOpen: true })
          assert.match(stdout, /^(?:GET|DELETE) \|$/)
        }
      }),
    minute
  )

  it.scopedLive("sends no argument that is not valid UTF-8", () =>
    Effect.gen(function*() {
      const { env, server, user } = yield* start()
      for (const args of ["DELETE \"$(printf '/x\\377')\"", "/items \"a=$(printf '\\377')\""]) {
        const { exitCode, stderr, stdout } = yield* user.shell(`eo call ${args}`, { env })
        assert.deepStrictEqual([exitCode, stdout], [2, ""], stderr)
        assert.match(stderr, /is not valid UTF-8\. Escape its bytes/)
      }
      assert.lengthOf(yield* server.received, 0)
    }), minute)

  it.scopedLive("handles a 401: a revoked token is replaced, for the next command too", () =>
    Effect.gen(function*() {
      const { run, server } = yield* start()
      yield* run("call", "/items")
      yield* server.revoke()
      assert.deepStrictEqual(yield* run("call", "/items"), { exitCode: 0, stdout: "{}", stderr: "" })
      yield* run("call", "/items")
      assert.strictEqual((yield* server.issued).length, 2)
    }), minute)

  it.scopedLive("ends with the exit code of the response, and reports the remedy", () =>
    Effect.gen(function*() {
      const { api, run } = yield* start()
      for (
        const [status, exitCode, says] of [
          [302, 3, /Not followed: it names no URL/],
          [404, 4, /\/items returned 404\. Check the path/],
          [403, 4, /not allowed to do this/],
          [429, 4, /limits the rate of calls/],
          [503, 5, /failed to process the call/]
        ] as const
      ) {
        yield* api.faults.next(Fault.answer(status, "the body"))
        const ended = yield* run("call", "GET", "/items")
        assert.deepStrictEqual([ended.exitCode, ended.stdout], [exitCode, "the body"])
        assert.match(ended.stderr, says)
      }
      yield* api.reject(() => true)
      const rejected = yield* run("call", "GET", "/items")
      assert.strictEqual(rejected.exitCode, 4)
      assert.match(rejected.stderr, /neither the token nor a new one.*OAUTH_AUDIENCE/)
    }), minute)

  it.scopedLive(
    "sends the token to no other origin, and takes no Authorization from the user",
    () =>
      Effect.gen(function*() {
        const { run, server } = yield* start()
        const other = yield* run("call", "https://elsewhere.example.com/items")
        assert.strictEqual(other.exitCode, 17)
        assert.match(
          other.stderr,
          /^error: The token may go to http:\/\/127.0.0.1:\d+ only, not to https:\/\/elsewhere/
        )
        const own = yield* run("call", "/items", "Authorization:Basic x")
        assert.deepStrictEqual([own.exitCode, own.stdout], [2, ""])
        assert.strictEqual((yield* server.issued).length, 0)
      }),
    minute
  )

  it.scopedLive(
    "proves that it has the key where tokens are bound to one; token and --exec would be of no use",
    () =>
      Effect.gen(function*() {
        const { env, user } = yield* start({
          server: { clients: [{ id: "test-client", secret: "test-secret", dpop: true }] }
        })
        const bound = { env: { ...env, OAUTH_DPOP: "true" } }
        const ended = yield* user.run(["call", "--print", "Hb", "/items"], bound)
        assert.deepStrictEqual([ended.exitCode, ended.stderr], [0, ""])
        assert.match(ended.stdout, /authorization: DPoP <redacted>\n[^]*\n\n\{\}$/)
        const token = yield* user.run(["token"], bound)
        assert.deepStrictEqual([token.exitCode, token.stdout], [10, ""])
        assert.include(token.stderr, "Use effect-oauth call")
      }),
    minute
  )

  it.scopedLive("reports the scope that the API requires and the token lacks", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start({ api: { requiredScope: ["items:write"] }, server: { missingScope: "none" } })
      const { OAUTH_SCOPE: _, ...without } = env
      const ended = yield* user.run(["call", "POST", "/items", "a=1"], { env: without })
      assert.strictEqual(ended.exitCode, 18)
      assert.match(ended.stderr, /requires the scope "items:write"\. Request it \(OAUTH_SCOPE\)/)
    }), minute)

  it.scopedLive(
    "downloads a file under the name that the server gives, and a second one beside it",
    () =>
      Effect.gen(function*() {
        const content = "x".repeat(300_000)
        const { api, directory, run } = yield* start({
          api: {
            handler: () =>
              Effect.succeed(
                new Response(content, { headers: { "content-disposition": "attachment; filename=\"../a.csv\"" } })
              )
          }
        })
        for (const name of ["a.csv", "a-1.csv"]) {
          const ended = yield* run("call", "--download", "/export")
          assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, ""])
          assert.include(ended.stderr, `${name}: 300.0 kB`)
          assert.strictEqual(readFileSync(join(directory, name), "utf8"), content)
        }
        yield* run("call", "-o", "b.csv", "/export")
        assert.strictEqual(readFileSync(join(directory, "b.csv"), "utf8"), content)
        yield* api.faults.next(Fault.answer(404, "no such export"))
        const missing = yield* run("call", "-d", "/nothing")
        assert.deepStrictEqual([missing.exitCode, missing.stdout], [4, "no such export"])
        assert.deepStrictEqual(filesIn(directory), [
          "a-1.csv",
          "a.csv",
          "b.csv"
        ])
      }),
    minute
  )

  it.scopedLive(
    "interrupted in a download it leaves no file, and ends with 130; the next command works",
    () =>
      Effect.gen(function*() {
        const { directory, env, run, user } = yield* start()
        const slow = yield* servers.http((_, response) => {
          response.writeHead(200, { "content-length": "1000000" })
          const timer = setInterval(() => response.write("x".repeat(1000)), 20)
          response.on("close", () => clearInterval(timer))
        })
        for (const [signal, exitCode] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
          const ended = yield* user.spawn(["call", "-d", "/export"], {
            env: { ...env, API_BASE_URL: slow },
            started: (child) => {
              const timer = setInterval(() => {
                if (readdirSync(directory).some((name) => name.endsWith(".part"))) {
                  clearInterval(timer)
                  child.kill(signal)
                }
              }, 20)
            }
          })
          assert.strictEqual(ended.exitCode, exitCode)
          assert.deepStrictEqual(filesIn(directory), [])
        }
        assert.strictEqual((yield* run("call", "/items")).exitCode, 0)
      }),
    minute
  )

  it.scopedLive(
    "a link that is named for a download stays one, and a pipe is written into",
    () =>
      Effect.gen(function*() {
        const { directory, env, user } = yield* start()
        const line = "echo old > file; ln -s file link; eo call /a -o link; mkfifo pipe; cat pipe > read & " +
          "eo call /a -o pipe; wait; test -L link && test -p pipe && cat file read"
        const ended = yield* user.shell(line, { env })
        assert.deepStrictEqual([ended.exitCode, ended.stdout], [0, "{}{}"])
        assert.deepStrictEqual(filesIn(directory), ["file", "link", "pipe", "read"])
      }),
    minute
  )

  it.scopedLive("a name that no file can have is cut, and its ending kept", () =>
    Effect.gen(function*() {
      const { directory, run } = yield* start({
        api: {
          handler: () =>
            Effect.succeed(
              new Response("x", {
                headers: { "content-disposition": `attachment; filename*=UTF-8''%C2%9B${"%E2%98%83".repeat(150)}.csv` }
              })
            )
        }
      })
      assert.strictEqual((yield* run("call", "-d", "/x")).exitCode, 0)
      assert.match(readdirSync(directory).join(" "), /^\.local \u2603+\.csv$/)
    }), minute)

  it.scopedLive(
    "an answer that ends too soon is not called unreachable, and leaves no file",
    () =>
      Effect.gen(function*() {
        const { directory, env, user } = yield* start()
        const short = yield* servers.http((_, response) => {
          response.writeHead(200, { "content-length": "1000" }).write("abc")
          setTimeout(() => response.destroy(), 50)
        })
        const ended = yield* user.run(["call", "-d", "/x"], { env: { ...env, API_BASE_URL: short } })
        assert.strictEqual(ended.exitCode, 19)
        assert.match(ended.stderr, /^error: The response of http:.* is incomplete/)
        assert.deepStrictEqual(filesIn(directory), [])
      }),
    minute
  )

  it.scopedLive("completes a download if the reader of standard error closes the pipe", () =>
    Effect.gen(function*() {
      const { directory, env, user } = yield* start({
        api: { handler: () => Effect.succeed(new Response("x".repeat(100_000))) }
      })
      const ended = yield* user.shell("eo call -d --verbose /export 2>&1 >/dev/null | true; ls", { env })
      assert.strictEqual(ended.stdout, "export\n")
      assert.strictEqual(statSync(join(directory, "export")).size, 100_000)
    }), minute)

  it.scopedLive(
    "ends without a message if the reader of standard output closes the pipe early",
    () =>
      Effect.gen(function*() {
        const { env, user } = yield* start({
          api: { handler: () => Effect.succeed(new Response("line\n".repeat(500_000))) }
        })
        const ended = yield* user.shell("(eo call /items; echo $? >&2) | head -n 1", { env })
        assert.deepStrictEqual(ended, { exitCode: 0, stdout: "line\n", stderr: "141\n" })
      }),
    minute
  )
})

describe("status, inspect and revoke", () => {
  it.scopedLive(
    "show the cached tokens and the remaining budget, without a token request",
    () =>
      Effect.gen(function*() {
        const { env, server, user } = yield* start()
        const limited = { env: { ...env, OAUTH_TOKENS_PER_DAY: "2" } }
        const rows = (ended: binary.Ended) => (JSON.parse(ended.stdout) as ReadonlyArray<Record<string, unknown>>)[0]
        const before = rows(yield* user.run(["status", "--json"], limited))
        assert.deepStrictEqual([before?.["token"], before?.["tokens_left_today"]], ["none", 2])
        assert.strictEqual((yield* server.issued).length, 0)
        yield* user.run(["token"], limited)
        const after = rows(yield* user.run(["status", "--json"], limited))
        assert.deepStrictEqual([after?.["token"], after?.["tokens_left_today"]], ["usable", 1])
        assert.match((yield* user.run(["status"], limited)).stdout, /│ usable │ (1 d|23 h \d+ min) +│ +│ 1 of 2 +│/)
        yield* user.run(["token", "--fresh"], limited)
        const spent = yield* user.run(["token", "--fresh"], limited)
        assert.deepStrictEqual([spent.exitCode, spent.stdout], [16, ""])
        assert.match(spent.stderr, /The budget of 2 tokens is used up until /)
        assert.strictEqual((yield* server.issued).length, 2)
      }),
    minute
  )

  it.scopedLive("show the counted tokens, and count from zero again", () =>
    Effect.gen(function*() {
      const { env, server, user } = yield* start()
      const unlimited = yield* user.run(["budget"], { env })
      assert.deepStrictEqual([unlimited.exitCode, unlimited.stdout], [10, ""])
      assert.match(unlimited.stderr, /^error: No limit is set, so nothing is counted\. Set OAUTH_TOKENS_PER_DAY /)
      const limited = { env: { ...env, OAUTH_TOKENS_PER_DAY: "2" } }
      yield* user.run(["token"], limited)
      assert.match((yield* user.run(["budget"], limited)).stdout, /│ any 1 d │ +1 of 2 │ +1 │ now +│/)
      yield* user.run(["token", "--fresh"], limited)
      assert.match((yield* user.run(["budget"], limited)).stdout, /│ any 1 d │ +2 of 2 │ +0 │ in (1 d|23 h \d+ min) +│/)
      const shown = JSON.parse((yield* user.run(["budget", "--json"], limited)).stdout) as {
        readonly now: string
        readonly limits: ReadonlyArray<{ readonly room_at: string }>
      }
      assert.deepStrictEqual({ ...shown, now: "", limits: shown.limits.map((one) => ({ ...one, room_at: "" })) }, {
        client: "test-client",
        now: "",
        left: 0,
        limits: [{ window: { seconds: 86_400 }, limit: 2, counted: 2, left: 0, room_at: "" }],
        announced: []
      })
      assert.isAbove(Date.parse(shown.limits[0]?.room_at ?? ""), Date.parse(shown.now))
      const reset = yield* user.run(["budget", "--reset"], limited)
      assert.match(
        reset.stderr,
        /^The tokens of test-client are counted from zero again\.\nCounted in the files of this machine: \/\S+\/tokens\n$/
      )
      assert.match(reset.stdout, /│ any 1 d │ +0 of 2 │ +2 │ now +│/)
      assert.strictEqual((yield* user.run(["token", "--fresh"], limited)).exitCode, 0)
      assert.strictEqual((yield* server.issued).length, 3)
    }), minute)

  it.scopedLive("the store of a fleet is not taken for the files of this machine", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start()
      const limited = { ...env, OAUTH_TOKENS_PER_DAY: "2" }
      yield* user.run(["token"], { env: limited })
      for (
        const name of ["REDIS_URL", "UPSTASH_REDIS_REST_URL", "DATABASE_URL", "TOKEN_STORE_DIR", "TOKEN_STORE_KEY"]
      ) {
        const fleet = { env: { ...limited, [name]: "c4n4ry" } }
        const reset = yield* user.run(["budget", "--reset"], fleet)
        assert.strictEqual(reset.exitCode, 10, name)
        assert.match(
          reset.stderr,
          new RegExp(`^error: ${name} is set, but .*fleets\\.md#show-and-reset-the-count`, "s")
        )
        for (const command of ["budget", "status"]) {
          const shown = yield* user.run([command], fleet)
          assert.match(shown.stderr, new RegExp(`^warning: ${name} is set, but`), command)
          assert.match(shown.stdout, / 1 of 2 /)
          assert.notInclude(reset.stderr + shown.stderr, "c4n4ry")
        }
      }
    }), minute)

  it.scopedLive("a token that is revoked is forgotten, and the next one is another", () =>
    Effect.gen(function*() {
      const { env: all, server, user } = yield* start()
      const env = { ...all, OAUTH_ISSUER: undefined, OAUTH_REVOCATION_URL: undefined }
      const more = { env: { ...env, OAUTH_REVOCATION_URL: server.revocationUrl } }
      const run = (...args: ReadonlyArray<string>) => user.run(args, { env })
      yield* run("token")
      const unsupported = yield* run("revoke")
      assert.strictEqual(unsupported.exitCode, 15)
      assert.include(unsupported.stderr, "OAUTH_REVOCATION_URL")
      assert.deepStrictEqual(yield* user.run(["revoke"], more), {
        exitCode: 0,
        stdout: "",
        stderr: "The token of test-client is revoked.\n"
      })
      assert.deepStrictEqual((yield* server.issued).map(({ revoked }) => revoked), [true])
      assert.match((yield* user.run(["revoke"], more)).stderr, /nothing to revoke/)
      assert.match((yield* run("status")).stdout, /│ none +│/)
      assert.strictEqual((yield* run("token")).stdout, "token-2\n")
      yield* run("revoke", "--forget")
      assert.strictEqual((yield* run("token")).stdout, "token-3\n")
    }), minute)

  it.scopedLive("inspect shows the claims of a JWT with a warning, and never the token", () =>
    Effect.gen(function*() {
      const { apiOrigin, ca, issuer } = yield* servers.start
      const { directory, run } = yield* binary.home
      writeFileSync(join(directory, "ca.pem"), ca.cert)
      const env = {
        OAUTH_ISSUER: issuer,
        OAUTH_CLIENT_ID: "inventory-sync",
        OAUTH_CLIENT_SECRET: servers.secret,
        OAUTH_RESOURCE: servers.resource,
        OAUTH_SCOPE: "items:read",
        OAUTH_TLS_CA_FILE: "ca.pem",
        API_BASE_URL: apiOrigin
      }
      const token = (yield* run(["token"], { env })).stdout.trim()
      const { exitCode, stderr, stdout } = yield* run(["inspect"], { env })
      assert.strictEqual(exitCode, 0)
      assert.match(stdout, /scope +items:read\n/)
      assert.include(stdout, `"aud": "${servers.resource}"`)
      assert.match(stdout, /a JWT signed by ES256/)
      assert.match(stderr, /warning: A client must not rely on these claims/)
      for (const part of token.split(".")) assert.notInclude(stdout, part)
      assert.deepStrictEqual(
        (yield* run(["call", "/items"], { env })).stdout,
        "{\"items\":[{\"sku\":\"SKU-1\",\"quantity\":100}]}"
      )
    }), minute)
})

describe("simulate", () => {
  interface Simulated {
    readonly limit: number
    readonly limit_from: string
    readonly tokenLife: number
    readonly token_life_from: string
    readonly shared: { readonly tokens_a_day: number }
    readonly separate: { readonly tokens_a_day: number; readonly steady_peak: number; readonly cold_start: number }
    readonly assumptions: ReadonlyArray<string>
  }

  it.scopedLive(
    "shows the tokens of a day as a table, a plot, or JSON, without any client",
    () =>
      Effect.gen(function*() {
        const { run } = yield* binary.home
        const json = (...args: ReadonlyArray<string>) =>
          Effect.map(run(["simulate", "--json", ...args]), ({ stdout }) => JSON.parse(stdout) as Simulated)
        const { exitCode, stdout } = yield* run(["simulate", "--fleet", "20", "--restarts", "3", "--limit", "50"])
        assert.strictEqual(exitCode, 0)
        assert.match(stdout, /│ ● each for itself +│ +60 │ +60 │ +80 │ 30 too many │/)
        assert.match(stdout, /│ ○ one store for all +│ +1 │ +2 │ +2 │ +48 left │/)
        const { stdout: plot } = yield* run(["simulate", "--plot", "--fleet", "20", "--restarts", "3"])
        assert.match(plot, /100 ┤.*●/)
        assert.match(stdout, /Without sharing, 12 processes are the most\. Share tokens in a store/)
        assert.match(stdout, /\nAssumptions\n- A cold start is the first 24 hours after all 20 processes start at once/)
        assert.strictEqual((yield* json("--token-life", "1h")).shared.tokens_a_day, 26)
        const scaled = yield* json("--fleet", "4..20", "--restarts", "0.5", "--audiences", "3")
        assert.match(scaled.assumptions.join("\n"), /16 processes run for 12 hours.*\n.*3 audiences/)
        // 16 are started once a day, and one of them is restarted then; 4 request three tokens in two days.
        assert.strictEqual(scaled.separate.tokens_a_day, 3 * (16 + 1 + 4 * 3 / 2))
        for (
          const [args, message] of [
            [["--token-life", "soon"], /--token-life soon is not a duration/],
            [["--fleet", "many"], /--fleet must be a number of processes from 1 on, or a range such as 4\.\.20/],
            [["--fleet", "20..4"], /--fleet must be/],
            [["--audiences", "0"], /--audiences must be 1 or more/],
            [["--restarts", "0.001"], /--restarts must be 0, or 0\.01 or more/],
            [["--limit", "0"], /--limit must be 1 or more/]
          ] as const
        ) {
          const wrong = yield* run(["simulate", ...args])
          assert.strictEqual(wrong.exitCode, 2, args.join(" "))
          assert.match(wrong.stderr, message)
        }
      }),
    minute
  )

  it.scopedLive("shows a server with one token per client", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      const contested = (...args: ReadonlyArray<string>) => run(["simulate", "--one-token-per-client", ...args])
      const { exitCode, stderr, stdout } = yield* contested("--fleet", "3", "--restarts", "0")
      assert.deepStrictEqual([exitCode, stderr], [0, ""])
      assert.match(stdout, /│ ● each for itself +│ +\d+ │ +\d+ │ +50 │ +1,\d{3} of 1,\d{3} │/)
      assert.match(stdout, /│ ○ one store for all +│ +2 │ +\d+ │ +50 │ +0 of 1,\d{3} │/)
      assert.match(stdout, /each new token revokes that of another process\./)
      const alone = JSON.parse((yield* contested("--json", "--fleet", "1", "--restarts", "0")).stdout) as {
        readonly separate: { readonly rejected_calls: number }
        readonly limit_from: string
        readonly token_life_from: string
        readonly assumptions: ReadonlyArray<string>
      }
      assert.strictEqual(alone.separate.rejected_calls, 0)
      assert.deepStrictEqual(
        [alone.limit_from, alone.token_life_from],
        ["by default; see --limit", "by default; see --token-life"]
      )
      assert.match(alone.assumptions.join("\n"), /One process makes a call every 5 min, for 2 days\./)
      assert.match(
        stdout,
        /Tokens of 1 d \(by default.*\nLimit of 50 a day \(by default[^]*Assumptions\n- All 3 processes start/
      )
      for (
        const [args, message] of [
          [["--fleet", "1000"], /Pass --fleet \d\d or less, fewer restarts or a longer lifetime\./],
          [["--fleet", "20", "--token-life", "5min"], /Pass --fleet 8 or less/],
          [["--fleet", "20", "--restarts", "500"], /Pass --fleet 8 or less/],
          [["--fleet", "1..3"], /a fleet of one size/],
          [["--audiences", "2"], /one audience/]
        ] as const
      ) {
        const wrong = yield* contested(...args)
        assert.deepStrictEqual([wrong.exitCode, wrong.stdout], [2, ""], args.join(" "))
        assert.match(wrong.stderr, message)
      }
    }), minute)

  it.scopedLive("reads the limit of the client, and the lifetime of its token", () =>
    Effect.gen(function*() {
      const { env, user } = yield* start({ server: { tokenLife: "2 hours" } })
      const client = { ...env, OAUTH_TOKENS_PER_DAY: "7" }
      const json = Effect.map(
        user.run(["simulate", "--json"], { env: client }),
        ({ stdout }) => JSON.parse(stdout) as Simulated
      )
      const before = yield* json
      assert.deepStrictEqual([before.limit, before.tokenLife], [7, 86_400_000])
      assert.match(before.limit_from, /OAUTH_TOKENS_PER_DAY, from the environment/)
      yield* user.run(["token"], { env: client })
      const after = yield* json
      assert.strictEqual(after.tokenLife, 7_200_000)
      assert.match(after.token_life_from, /cached token, from the environment/)
    }), minute)
})

describe("every command", () => {
  it.scopedLive(
    "reports each failure in a sentence, with its exit code, and a stack only at --log-level debug",
    () =>
      Effect.gen(function*() {
        const { directory, env, run, server, user } = yield* start()
        writeFileSync(join(directory, "lines"), "one\ntwo\n")
        writeFileSync(join(directory, "latin1"), new Uint8Array([0x61, 0xe9, 0x62]))
        const latin1 = `@${join(directory, "latin1")}`
        const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, ReadonlyArray<string>, number, RegExp]> =
          [
            [{}, ["token", "--nonsense"], 2, /Unknown option --nonsense\.\nRun effect-oauth --help/],
            [{}, ["nonsense"], 2, /Unknown command "nonsense"\./],
            [{}, ["Token"], 2, /Unknown command "Token"\. Did you mean token/],
            [{}, ["call"], 2, /A URL is missing/],
            [{}, ["call", "GET"], 2, /A URL is missing/],
            [{}, ["call", "--output=", "/items"], 2, /--output is empty\. Name a file, or pass --download/],
            [{}, ["call", "-X", "DELETE", "/items"], 2, /Unknown option -X\. The method comes before the URL/],
            [{}, ["call", "--request=PUT", "/items"], 2, /--request\. The method comes before the URL/],
            [{}, ["call", "/items", "Content-Length:5"], 2, /The header Content-Length is set by/],
            [{}, ["call", "/items", "Expect:100-continue"], 2, /The header Expect is set by/],
            [{}, ["call", "/items", "X-Bell:a\x07b"], 2, /another control character/],
            [
              {},
              ["token", "--client-secret=wr0ng"],
              2,
              /Unknown option --client-secret\. effect-oauth init has --secret-file/
            ],
            [{}, ["token", "--profile", ""], 2, /name of the profile is not valid/],
            [{}, ["call", "/items", "nonsense"], 2, /The request item "nonsense" has no separator/],
            [{}, ["call", "/items", "a\x1b[2J"], 2, /The request item "a\\x1b\[2J" has no separator/],
            [{}, ["call", "/items", "a:=nonsense"], 2, /The value of "a:=" is not valid JSON/],
            [{}, ["call", "/items", "a=@nowhere"], 20, /nowhere could not be read \(ENOENT\)/],
            [{}, ["call", "/items", `X-Lines:@${join(directory, "lines")}`], 2, /the header X-Lines has a line break/],
            ...["a=", "a:=", "a==", "X-A:"].map((item) =>
              [{}, ["call", "/items", item + latin1], 2, /latin1 is not valid UTF-8/] as const
            ),
            [{}, ["token", "--json", "--header"], 2, /exclude each other/],
            [{}, ["token", "--profile", "nobody"], 10, /There is no profile "nobody"/],
            [{}, ["token", "--profile", "../x"], 2, /name of the profile is not valid/],
            [{ OAUTH_CLIENT_ID: "" }, ["token"], 10, /OAUTH_CLIENT_ID is missing: expected /],
            [{ OAUTH_TOKENS_PER_DAY: "many" }, ["token"], 10, /OAUTH_TOKENS_PER_DAY to be a positive integer/],
            [
              { OAUTH_CLIENT_SECRET: "wr0ng" },
              ["token"],
              14,
              /"invalid_client".*Check the client id and the client secret/
            ],
            [
              { OAUTH_CLIENT_SECRET: "" },
              ["token"],
              10,
              /is missing: .*_SECRET_FILE.*_SECRET_COMMAND.*_SECRET_PROMPT=true/
            ],
            ...([
              ["exit 3", /ended with 3\./],
              ["no-such-command", /ended with 127 \(it was not found\)/],
              ["yes | cat", /printed too much/],
              ["printf 'a\\nb'", /printed more than one line/],
              ["true", /printed nothing/]
            ] as const).map(([line, problem]) =>
              [
                { OAUTH_CLIENT_SECRET: "", OAUTH_CLIENT_SECRET_COMMAND: line },
                ["token"],
                11,
                new RegExp(`${problem.source}.*Check OAUTH_CLIENT_SECRET_COMMAND by running it in a shell`)
              ] as const
            ),
            [
              { OAUTH_CLIENT_SECRET: "", OAUTH_CLIENT_SECRET_PROMPT: "true" },
              ["token"],
              11,
              /there is no terminal\. Check that a terminal is there, or set OAUTH_CLIENT_SECRET_FILE/
            ],
            [{ OAUTH_TOKEN_URL: yield* servers.closed }, ["token"], 12, /could not be reached \(ECONNREFUSED\)/],
            [{ API_BASE_URL: yield* servers.closed }, ["call", "/"], 19, /could not be reached \(ECONNREFUSED\)/],
            [{ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, ["token"], 10, /NODE_TLS_REJECT_UNAUTHORIZED/]
          ]
        for (const [more, args, exitCode, says] of cases) {
          const ended = yield* user.run(args, { env: { ...env, ...more } })
          assert.deepStrictEqual([ended.exitCode, ended.stdout], [exitCode, ""], args.join(" "))
          assert.match(ended.stderr, says)
          assert.notMatch(ended.stderr, /\n\s+at |wr0ng/, args.join(" "))
        }
        yield* server.faults.rule(() =>
          Fault.answer(400, "{\"error\":\"invalid_scope\"}", { "content-type": "application/json" })
        )
        const asked = yield* run("token", "--fresh", "--log-level", "debug")
        assert.deepStrictEqual([asked.exitCode, asked.stdout], [14, ""])
        assert.match(asked.stderr, /TokenErrorResponse[^]*\n\s+at /)
      }),
    minute
  )

  it.scopedLive(
    "sends nothing when an argument begins with a dash and is not an option",
    () =>
      Effect.gen(function*() {
        const { directory, env, server, user } = yield* start()
        const api = yield* recorder.start
        const run = (args: ReadonlyArray<string>) => user.run(args, { env: { ...env, API_BASE_URL: api.url } })
        const call = ["call", "POST", "/items", "sku=1"]
        const rejected = [
          ...["--profil=staging", "--Profile=staging", "--PROFILE", "--no-such-option=1", "-x", "-x=1", "-Ix", "---"]
            .flatMap((option) => [[...call, option], ["call", option, "POST", "/items"], [option, ...call]]),
          [...call, "--Profile", "staging"],
          [...call, "--profile"],
          ...["token", "inspect", "status", "budget", "revoke", "doctor", "simulate", "init"].flatMap((command) => [
            [command, "--profil=staging"],
            [command, "--Profile", "staging"],
            [command, "--quiet=perhaps"]
          ])
        ]
        for (const args of sample("arguments that begin with a dash", rejected, 8)) {
          const ended = yield* run(args)
          assert.deepStrictEqual([ended.exitCode, ended.stdout], [2, ""], args.join(" "))
          assert.match(ended.stderr, /^error: /, args.join(" "))
          assert.notInclude(ended.stderr, "staging")
        }
        assert.deepStrictEqual([api.arrived.length, (yield* server.issued).length], [0, 0])
        assert.deepStrictEqual(readdirSync(directory), [])
        const sent = yield* run([...call, "negative=-5", "number:=-5", "-I", "--", "--profil=staging", "-x=1"])
        assert.strictEqual(sent.exitCode, 0)
        assert.deepStrictEqual(JSON.parse(api.arrived[0]?.body ?? ""), {
          sku: "1",
          negative: "-5",
          number: -5,
          "--profil": "staging",
          "-x": "1"
        })
        assert.strictEqual((yield* run(["call", "--raw=-5", "PUT", "/items"])).exitCode, 0)
        assert.strictEqual((yield* run(["call", "PUT", "/items", "--raw=--profil=x\n"])).exitCode, 0)
        assert.deepStrictEqual(api.arrived.slice(1).map(({ body }) => body), ["-5", "--profil=x\n"])
      }),
    600_000
  )

  it.scopedLive("reports how to configure a client if there is none", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      for (const command of [["token"], ["call", "/"], ["inspect"], ["status"], ["budget"], ["revoke"], ["doctor"]]) {
        const ended = yield* run(command)
        assert.deepStrictEqual([ended.exitCode, ended.stdout], [10, ""])
        assert.match(ended.stderr, /^error: No client is configured\. Set OAUTH_ISSUER .* effect-oauth init\.\n$/)
      }
    }), minute)

  it.scopedLive(
    "has a separate exit code for a certificate that is not trusted, of the server or the API",
    () =>
      Effect.gen(function*() {
        const { apiOrigin, issuer } = yield* servers.start
        const { env, user } = yield* start()
        const server = yield* user.run(["token"], { env: { ...env, OAUTH_TOKEN_URL: `${issuer}/token` } })
        assert.strictEqual(server.exitCode, 13)
        assert.match(server.stderr, /certificate of https:.*\/token is not trusted .*OAUTH_TLS_CA_FILE/)
        const api = yield* user.run(["call", "/"], { env: { ...env, API_BASE_URL: apiOrigin } })
        assert.strictEqual(api.exitCode, 13)
        assert.match(api.stderr, /certificate of https:\/\/127.0.0.1:\d+ is not trusted .*OAUTH_TLS_CA_FILE/)
      }),
    minute
  )

  it.scopedLive("keeps files for the user alone", () =>
    Effect.gen(function*() {
      const { directory, run } = yield* start()
      yield* run("token")
      const state = join(directory, ".local/state/effect-oauth")
      assert.strictEqual(statSync(join(state, "store.key")).mode & 0o777, 0o600)
      for (const name of readdirSync(state, { recursive: true })) {
        const found = statSync(join(state, String(name)))
        assert.strictEqual(found.mode & 0o077, 0, String(name))
      }
      assert.isFalse(existsSync(join(directory, ".config")))
    }), minute)
})
