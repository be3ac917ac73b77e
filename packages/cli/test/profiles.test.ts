/**
 * Profiles: written by options or by questions on a terminal, used by every command.
 */
import { execFileSync } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import * as binary from "./support/binary.js"

const minute = 300_000

const secret = "c4n4ry-s3cr3t"

const start = Effect.gen(function*() {
  const { environment, server } = yield* Loopback.start({
    server: { clients: [{ id: "shop", secret }], scopes: ["items:read"] }
  })
  const { directory, ...user } = yield* binary.home
  const api = environment["API_BASE_URL"] ?? ""
  const options = ["--token-url", `${server.issuer}/token`, "--client-id", "shop", "--api-base-url", api]
  const file = (name: string, text: string, mode = 0o600) => {
    writeFileSync(join(directory, name), text)
    chmodSync(join(directory, name), mode)
  }
  const profile = (name: string) => join(directory, ".config/effect-oauth/profiles", `${name}.env`)
  return { api, directory, environment, file, options, profile, server, user }
})

describe("a profile", () => {
  it.scopedLive(
    "is written for the user alone, and used by its name, by a variable, or as the default",
    () =>
      Effect.gen(function*() {
        const { directory, file, options, profile, user } = yield* start
        file("secret", `${secret}\n`)
        const written = yield* user.run(["init", "--profile", "shop", ...options, "--secret-file", "secret"])
        assert.deepStrictEqual([written.exitCode, written.stdout], [0, `✓ ${profile("shop")}\n`])
        assert.include(written.stderr, "Try it: effect-oauth doctor --profile shop")
        assert.strictEqual(statSync(profile("shop")).mode & 0o777, 0o600)
        assert.include(readFileSync(profile("shop"), "utf8"), `OAUTH_CLIENT_SECRET_FILE='${directory}/secret'\n`)

        assert.strictEqual((yield* user.run(["token", "--profile", "shop"])).stdout, "token-1\n")
        assert.strictEqual((yield* user.run(["token"], { env: { EFFECT_OAUTH_PROFILE: "shop" } })).stdout, "token-1\n")
        assert.strictEqual((yield* user.run(["token"])).exitCode, 10)
        for (const name of ["EFFECT_OAUTH_PROFLE", "effect_oauth_profile"]) {
          // With the settings of the environment, the call would go elsewhere.
          const misspelt = yield* user.run(["token"], { env: { [name]: "shop", OAUTH_CLIENT_ID: "other" } })
          assert.deepStrictEqual([misspelt.exitCode, misspelt.stdout], [10, ""])
          assert.include(misspelt.stderr, `${name} is not a variable of effect-oauth. Nothing was sent.`)
          const written = yield* user.run(["init", ...options, "--secret-file", "secret"], { env: { [name]: "shop" } })
          assert.strictEqual(written.exitCode, 10)
        }
        yield* user.run(["init", ...options, "--secret-file", "secret"])
        assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
        // Misspelt variables of another client: the call would be made with the profile default.
        for (const name of ["OAUTH_ISUER", "OAUTH_CLIENTID", "OAUTH_CLIENT_SECRT", "API_BASE_URI", "OAUTH_PROFILE"]) {
          const misspelt = yield* user.run(["token"], { env: { [name]: "https://staging.example" } })
          assert.deepStrictEqual([misspelt.exitCode, misspelt.stdout], [10, ""], name)
          assert.include(misspelt.stderr, `${name} is not a variable of effect-oauth. Nothing was sent.`)
          const named = yield* user.run(["token", "--profile", "default"], { env: { [name]: "staging" } })
          assert.strictEqual(named.stdout, "token-1\n", name)
        }
        assert.strictEqual((yield* user.run(["token"], { env: { OAUTH_XYZ: "1" } })).stdout, "token-1\n")
        assert.match((yield* user.run(["status", "--all"])).stdout, /│ default │ shop [^]*│ shop +│ shop /)
        const again = yield* user.run(["init", "--profile", "shop", ...options, "--secret-file", "secret"])
        assert.deepStrictEqual([again.exitCode, again.stdout], [2, ""])
        assert.match(again.stderr, /already .*--force/)
      }),
    minute
  )

  it.scopedLive(
    "is in the directory of XDG_CONFIG_HOME, and excludes settings of the environment",
    () =>
      Effect.gen(function*() {
        const { directory, file, options, user } = yield* start
        file("secret", secret)
        const env = { XDG_CONFIG_HOME: join(directory, "config"), XDG_STATE_HOME: join(directory, "state") }
        yield* user.run(["init", "--profile", "shop", ...options, "--secret-file", "secret"], { env })
        assert.isTrue(statSync(join(directory, "config/effect-oauth/profiles/shop.env")).isFile())
        const other = { ...env, OAUTH_CLIENT_ID: "another", OAUTH_CLIENT_SECRET: "wr0ng" }
        for (
          const args of [
            ["token", "--profile", "shop"],
            ["--profile", "shop", "token"],
            ["--log-level", "info", "--profile=shop", "--quiet", "token"]
          ]
        ) {
          assert.strictEqual((yield* user.run(args, { env: other })).stdout, "token-1\n")
        }
        assert.isTrue(statSync(join(directory, "state/effect-oauth/store.key")).isFile())
      }),
    minute
  )

  it.scopedLive("is suggested where its name is misspelt", () =>
    Effect.gen(function*() {
      const { file, options, user } = yield* start
      const said = (name: string) => Effect.map(user.run(["token", "--profile", name]), ({ stderr }) => stderr)
      assert.match(yield* said("stagin"), /^error: There is no profile "stagin"\. Write it with effect-oauth init/)
      file("secret", secret)
      yield* user.run(["init", "--profile", "staging", ...options, "--secret-file", "secret"])
      assert.match(
        yield* said("stagin"),
        /"stagin"\. Did you mean staging\? effect-oauth init --profile stagin writes another/
      )
      yield* user.run(["init", "--profile", "acme", ...options, "--secret-file", "secret"])
      assert.match(yield* said("Staging"), /Did you mean staging\? There is acme too; effect-oauth init/)
      assert.match(yield* said("other"), /"other"\. There are acme and staging; effect-oauth init/)
    }), minute)

  it.scopedLive("is not written without a secret, and the message names the options", () =>
    Effect.gen(function*() {
      const { options, profile, user } = yield* start
      const cases: ReadonlyArray<readonly [args: ReadonlyArray<string>, input: string, says: RegExp]> = [
        [
          ["--secret-stdin"],
          "",
          /no secret in standard input\. Nothing was written\. .*--secret-stdin < FILE.*--secret-file/
        ],
        [["--secret-stdin"], "\n", /no secret in standard input/],
        [["--secret-file", ""], "", /--secret-file is empty/],
        [["--secret-command", " "], "", /--secret-command is empty/]
      ]
      for (const [args, input, says] of cases) {
        const { exitCode, stderr } = yield* user.spawn(["init", ...options, ...args], { input })
        assert.strictEqual(exitCode, 2, args.join(" "))
        assert.match(stderr, says)
        assert.isFalse(existsSync(profile("default")))
      }
    }), minute)

  it.scopedLive("runs a command that fails once", () =>
    Effect.gen(function*() {
      const { directory, options, user } = yield* start
      const runs = join(directory, "runs")
      yield* user.run(["init", ...options, "--secret-command", `echo >> ${runs}; exit 3`])
      assert.strictEqual((yield* user.run(["token"])).exitCode, 11)
      assert.strictEqual(readFileSync(runs, "utf8"), "\n")
    }), minute)

  it.scopedLive("keeps the secret from standard input in a separate file", () =>
    Effect.gen(function*() {
      const { directory, options, profile, user } = yield* start
      const written = yield* user.spawn(["init", ...options, "--secret-stdin"], { input: `${secret}\n` })
      assert.strictEqual(written.exitCode, 0)
      const kept = join(directory, ".config/effect-oauth/secrets/default")
      assert.deepStrictEqual([readFileSync(kept, "utf8"), statSync(kept).mode & 0o777], [`${secret}\n`, 0o600])
      assert.notInclude(readFileSync(profile("default"), "utf8") + written.stdout + written.stderr, secret)
      assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
      assert.notInclude(written.stderr, "warning")
      for (const [around, found] of [[`"${secret}"`, "quotes"], [` ${secret}`, "blanks or line breaks"]] as const) {
        const { exitCode, stderr } = yield* user.spawn(["init", "--force", ...options, "--secret-stdin"], {
          input: `${around}\n`
        })
        assert.strictEqual(exitCode, 0)
        assert.include(stderr, `warning: The secret in the file of OAUTH_CLIENT_SECRET_FILE has ${found} around it`)
        assert.notInclude(stderr, secret)
      }
    }), minute)

  it.scopedLive("that is a pipe is rejected, and is not waited for", () =>
    Effect.gen(function*() {
      const { file, options, profile, user } = yield* start
      file("secret", secret)
      yield* user.run(["init", "--profile", "shop", ...options, "--secret-file", "secret"])
      execFileSync("mkfifo", ["-m", "600", profile("pipe")])
      const { exitCode, stderr } = yield* user.run(["token", "--profile", "pipe"])
      assert.notStrictEqual(exitCode, 0)
      assert.include(stderr, "could not be read (EINVAL)")
    }))

  it.scopedLive("that cannot be read hides no other from status --all", () =>
    Effect.gen(function*() {
      const { options, profile, user } = yield* start
      yield* user.run(["init", "--profile", "good", ...options, "--secret-prompt"])
      writeFileSync(profile("bad"), "nonsense", { mode: 0o600 })
      const ended = yield* user.run(["status", "--all"])
      assert.strictEqual(ended.exitCode, 10)
      assert.match(ended.stdout, /│ bad +│ +│ +│ unknown │[^]*│ good +│ shop +│/)
      assert.match(ended.stderr, /^error: bad: Line 1 of .* is not a setting/)
    }), minute)

  it.scopedLive("runs the command for the secret only when a token is needed", () =>
    Effect.gen(function*() {
      const { directory, options, user } = yield* start
      yield* user.run(["init", ...options, "--secret-command", `echo x >> runs; echo ${secret}`])
      for (let count = 0; count < 3; count += 1) {
        assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
      }
      assert.strictEqual(readFileSync(join(directory, "runs"), "utf8"), "x\n")
    }), minute)

  it.scopedLive(
    "prompts for the secret only when a token is requested, without echo, and fails without a terminal",
    () =>
      Effect.gen(function*() {
        const { options, user } = yield* start
        yield* user.run(["init", ...options, "--secret-prompt"])
        const nobody = yield* user.run(["token"])
        assert.deepStrictEqual([nobody.exitCode, nobody.stdout], [11, ""])
        assert.match(nobody.stderr, /there is no terminal/)
        const typed = yield* user.terminal(["token"], { input: `${secret}\r` })
        assert.strictEqual(typed.exitCode, 0)
        assert.match(typed.stdout, /Client secret of shop: [^]*token-1/)
        assert.notInclude(typed.stdout.replace(`${secret}\r\n`, ""), secret)
        assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
      }),
    minute
  )

  it.scopedLive(
    "is rejected if it is not valid, or holds a secret that other users may read",
    () =>
      Effect.gen(function*() {
        const { options, profile, user } = yield* start
        yield* user.run(["init", ...options, "--secret-prompt"])
        const text = readFileSync(profile("default"), "utf8").replace(
          "OAUTH_CLIENT_SECRET_PROMPT='true'",
          `OAUTH_CLIENT_SECRET=${secret}`
        )
        writeFileSync(profile("default"), text)
        assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
        chmodSync(profile("default"), 0o644)
        const open = yield* user.run(["token"])
        assert.strictEqual(open.exitCode, 10)
        assert.match(open.stderr, /holds a secret, and others may read it\. Run chmod 600 /)
        writeFileSync(profile("default"), `OAUTH_CLIENT_ID=a\n${secret}\n`)
        const none = yield* user.run(["token"])
        assert.match(none.stderr, /Line 2 of .* is not a setting/)
        assert.notInclude(none.stderr, secret)
      }),
    minute
  )
})

describe("init", () => {
  it.scopedLive("checks everything before it writes anything", () =>
    Effect.gen(function*() {
      const { file, options, profile, user } = yield* start
      file("secret", secret)
      const far = yield* user.run([
        "init",
        "--token-url",
        "http://auth.example.com/token",
        ...options.slice(2),
        "--secret-file",
        "secret"
      ])
      assert.deepStrictEqual([far.exitCode, far.stdout], [10, ""])
      assert.match(far.stderr, /Expected OAUTH_TOKEN_URL to be an absolute URL, https:[^]*Nothing was written/)
      const missing = yield* user.run(["init", ...options])
      assert.deepStrictEqual([missing.exitCode, missing.stdout], [2, ""])
      assert.match(missing.stderr, /Prompts require a terminal\. Name --issuer or --token-url/)
      const two = yield* user.run(["init", ...options, "--secret-prompt", "--secret-file", "secret"])
      assert.match(two.stderr, /in one place only/)
      const many = yield* user.run(["init", ...options, "--secret-file", "secret", "--tokens-per-day", "many"])
      assert.deepStrictEqual([many.exitCode, many.stdout], [10, ""])
      assert.match(many.stderr, /OAUTH_TOKENS_PER_DAY to be a positive integer\. Nothing was written/)
      assert.throws(() => statSync(profile("default")))
    }), minute)

  it.scopedLive(
    "takes a method, a key, a certificate and an encoding, and states what they need",
    () =>
      Effect.gen(function*() {
        const { directory, file, options, profile, user } = yield* start
        const { privateKey } = generateKeyPairSync("ec", {
          namedCurve: "P-256",
          publicKeyEncoding: { type: "spki", format: "pem" },
          privateKeyEncoding: { type: "pkcs8", format: "pem" }
        })
        file("key.pem", privateKey)
        file("secret", secret)
        const at = (name: string) => join(directory, name)
        for (
          const [more, expected] of [
            [["--private-key-file", "key.pem", "--private-key-id", "k1"], [
              "OAUTH_CLIENT_AUTHENTICATION='private_key_jwt'",
              `OAUTH_PRIVATE_KEY_FILE='${at("key.pem")}'`,
              "OAUTH_PRIVATE_KEY_ID='k1'"
            ]],
            [["--authentication", "client_secret_basic", "--basic-encoding", "raw", "--secret-file", "secret"], [
              "OAUTH_CLIENT_AUTHENTICATION='client_secret_basic'",
              "OAUTH_BASIC_ENCODING='raw'",
              `OAUTH_CLIENT_SECRET_FILE='${at("secret")}'`
            ]],
            [
              [
                ...["--authentication", "tls_client_auth", "--certificate-file", "cert.pem"],
                ...["--certificate-key-file", "key.pem"]
              ],
              [
                "OAUTH_CLIENT_AUTHENTICATION='tls_client_auth'",
                `OAUTH_TLS_CERTIFICATE_FILE='${at("cert.pem")}'`,
                `OAUTH_TLS_KEY_FILE='${at("key.pem")}'`
              ]
            ]
          ] as const
        ) {
          const ended = yield* user.run(["init", "--force", ...options, ...more])
          assert.strictEqual(ended.exitCode, 0, ended.stderr)
          const written = readFileSync(profile("default"), "utf8")
          for (const line of expected) assert.include(written, `${line}\n`)
        }
        for (
          const [more, says] of [
            [["--authentication", "private_key_jwt"], /Name --private-key-file\./],
            [["--authentication", "tls_client_auth"], /Name --certificate-file and --certificate-key-file\./],
            [["--private-key-file", "key.pem", "--secret-prompt"], /private_key_jwt uses no client secret/],
            [["--authentication", "private_key"], /must be one of .* Did you mean private_key_jwt/]
          ] as const
        ) {
          const ended = yield* user.run(["init", "--profile", "other", ...options, ...more])
          assert.deepStrictEqual([ended.exitCode, ended.stdout], [2, ""])
          assert.match(ended.stderr, says)
        }
        assert.throws(() => statSync(profile("other")))
      }),
    minute
  )

  it.scopedLive("prompts on a terminal for absent options, and the profile works", () =>
    Effect.gen(function*() {
      const { api, directory, profile, server, user } = yield* start
      const down = "\x1b[B"
      const answers = [
        `${down}\r`,
        `${server.issuer}/token\r`,
        "shop\r",
        "\r",
        "\r",
        `${secret}\r`,
        `${api}\r`,
        "\r",
        "\r",
        "items:read\r",
        "50\r"
      ]
      const ended = yield* user.terminal(["init"], {
        // A person types one answer after the other.
        started: ({ stdin, stdout }) => {
          let next = 0
          let asked = ""
          stdout?.on("data", (text: string) => {
            asked += text
            const questions = [
              /authorization server\?/,
              /Token URL/,
              /Client id/,
              /How does the client prove itself/,
              /Where is the client secret/,
              /not shown\)/,
              /Base URL of the API/,
              /Audience/,
              /Resource/,
              /Scope/,
              /in a day/
            ]
            const question = questions[next]
            if (question?.test(asked) === true) {
              asked = ""
              const answer = answers[next]
              next += 1
              setTimeout(() => stdin?.write(answer ?? ""), 50)
            }
          })
        },
        isOpen: true
      })
      assert.strictEqual(ended.exitCode, 0)
      assert.notInclude(ended.stdout, secret)
      assert.strictEqual(
        readFileSync(profile("default"), "utf8"),
        [
          `OAUTH_TOKEN_URL='${server.issuer}/token'`,
          "OAUTH_CLIENT_ID='shop'",
          `API_BASE_URL='${api}'`,
          "OAUTH_SCOPE='items:read'",
          "OAUTH_TOKENS_PER_DAY='50'",
          "OAUTH_ALLOW_HTTP_LOOPBACK='true'",
          `OAUTH_CLIENT_SECRET_FILE='${directory}/.config/effect-oauth/secrets/default'`,
          ""
        ].join("\n")
      )
      assert.strictEqual((yield* user.run(["token"])).stdout, "token-1\n")
    }), minute)

  it.scopedLive("shows nothing of a secret that is typed for --secret-stdin", () =>
    Effect.gen(function*() {
      const { directory, options, user } = yield* start
      const ended = yield* user.terminal(["init", ...options, "--secret-stdin"], {
        started: ({ stdin, stdout }) => {
          let asked = ""
          stdout?.on("data", (text: string) => {
            asked += text
            if (!/not shown\)/.test(asked)) return
            asked = ""
            setTimeout(() => stdin?.write(`${secret}\r`), 50)
          })
        },
        isOpen: true
      })
      assert.strictEqual(ended.exitCode, 0)
      assert.notInclude(ended.stdout, secret)
      assert.strictEqual(
        readFileSync(join(directory, ".config/effect-oauth/secrets/default"), "utf8"),
        `${secret}\n`
      )
    }), minute)

  it.scopedLive("interrupted it writes nothing", () =>
    Effect.gen(function*() {
      const { profile, user } = yield* start
      const ended = yield* user.terminal(["init"], {
        started: ({ stdin, stdout }) => {
          stdout?.once("data", () => setTimeout(() => stdin?.write("\x03"), 300))
        },
        isOpen: true
      })
      assert.strictEqual(ended.exitCode, 130)
      assert.throws(() => statSync(profile("default")))
    }), minute)
})
