/**
 * Variables and profiles that are almost right.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Either } from "effect"

import * as clientEnvironment from "../../client-credentials/src/internal/config/clientEnvironment.js"
import { tlsVariables } from "../../client-credentials/src/internal/config/tlsVariables.js"
import * as directories from "../src/internal/directories.js"
import * as privateFile from "../src/internal/privateFile.js"
import * as profileText from "../src/internal/profileText.js"
import * as variables from "../src/internal/variables.js"
import * as binary from "./support/binary.js"

const minute = 300_000

const start = Effect.gen(function*() {
  const { environment: env } = yield* Loopback.start()
  const { directory, run } = yield* binary.home
  const profiles = join(directory, ".config/effect-oauth/profiles")
  mkdirSync(profiles, { recursive: true })
  const profile = (lines: Readonly<Record<string, string>>, mode = 0o600) => {
    const path = join(profiles, "default.env")
    writeFileSync(path, Object.entries(lines).map(([name, value]) => `${name}='${value}'\n`).join(""))
    chmodSync(path, mode)
    return path
  }
  return { directory, env, profile, run }
})

describe("variables", () => {
  it("are those of the library", () => {
    assert.deepStrictEqual(variables.clientVariables, Object.values(clientEnvironment.variables))
    assert.deepStrictEqual(variables.tlsVariables, Object.values(tlsVariables))
  })

  it("that are unknown are named with the nearest, whatever their value, and others are not", () => {
    assert.deepStrictEqual(variables.unknown(["OAUTH_CLIENT_ID", "API_KEY", "PATH", "OAUTH_ACCESS_TOKEN"]), [])
    for (
      const [name, nearest] of [
        ["OAUTH_CLINT_ID", "OAUTH_CLIENT_ID"],
        ["OAUTH_CLIENT_SECRT_FILE", "OAUTH_CLIENT_SECRET_FILE"],
        ["OAUTH_SCOPES", "OAUTH_SCOPE"],
        ["OAUTH_TOKENS_PER_DAYS", "OAUTH_TOKENS_PER_DAY"]
      ]
    ) {
      assert.deepStrictEqual(variables.unknown([name ?? ""]), [
        `${name} is not a variable of effect-oauth, and is ignored. Did you mean ${nearest}?`
      ])
    }
    assert.deepStrictEqual(variables.unknown(["OAUTH_COLOUR"]), [
      "OAUTH_COLOUR is not a variable of effect-oauth, and is ignored."
    ])
  })

  it.scopedLive(
    "that are unknown configure no client, and are reported for the environment and for a profile",
    () =>
      Effect.gen(function*() {
        const { env, profile, run } = yield* start
        const none = yield* run(["token"], { env: { OAUTH_CLINT_ID: "a" } })
        assert.strictEqual(none.exitCode, 10)
        assert.match(
          none.stderr,
          /OAUTH_CLINT_ID is not.*Did you mean OAUTH_CLIENT_ID\?\nerror: No client is configured/
        )
        profile({ ...env, OAUTH_SCOPES: "items:read" })
        // Those of the environment that are not known do not keep the profile from being used.
        const used = yield* run(["token"], { env: { OAUTH_OTHER: "a" } })
        assert.deepStrictEqual(used, {
          exitCode: 0,
          stdout: "token-1\n",
          stderr: "warning: profile \"default\": OAUTH_SCOPES is not a variable of effect-oauth, and is ignored. " +
            "Did you mean OAUTH_SCOPE?\n"
        })
        assert.strictEqual((yield* run(["token", "--quiet"])).stderr, "")
      }),
    minute
  )

  it("with secrets that have quotes or blanks around them are pointed out, without the secret", () => {
    for (const [secret, found] of [["'a b'", "quotes"], ["\"ab\"", "quotes"], [" ab", "blanks"], ["ab \n", "blanks"]]) {
      const [said = ""] = variables.surroundings({ OAUTH_CLIENT_SECRET: secret ?? "" }, {})
      assert.match(said, new RegExp(`^The secret in OAUTH_CLIENT_SECRET has ${found}`))
      assert.notInclude(said, "ab")
    }
    for (const secret of ["ab", "a'b'", "'ab", "ab\n", "ab\r\n", "'"]) {
      assert.deepStrictEqual(variables.surroundings({}, { OAUTH_CLIENT_SECRET_FILE: secret }), [], secret)
    }
    assert.match(
      variables.surroundings({}, { OAUTH_CLIENT_SECRET_FILE: "\"ab\"\n" })[0] ?? "",
      /the file of OAUTH_CLIENT_SECRET_FILE has quotes/
    )
  })
})

describe("directories", () => {
  it("are those of the platform", () => {
    const windows = { APPDATA: "C:\\Users\\ada\\AppData\\Roaming", LOCALAPPDATA: "D:\\Local" }
    assert.deepStrictEqual(directories.make(windows, "C:\\Users\\ada", "win32"), {
      profiles: "C:\\Users\\ada\\AppData\\Roaming\\effect-oauth\\profiles",
      secrets: "C:\\Users\\ada\\AppData\\Roaming\\effect-oauth\\secrets",
      storeKey: "D:\\Local\\effect-oauth\\store.key",
      tokens: "D:\\Local\\effect-oauth\\tokens"
    })
    assert.strictEqual(
      directories.make({}, "C:\\Users\\ada", "win32").profiles,
      "C:\\Users\\ada\\AppData\\Roaming\\effect-oauth\\profiles"
    )
    const linux = directories.make(
      { XDG_CONFIG_HOME: "relative", XDG_STATE_HOME: "/state", APPDATA: "/a" },
      "/home/ada"
    )
    assert.deepStrictEqual([linux.profiles, linux.storeKey], [
      "/home/ada/.config/effect-oauth/profiles",
      "/state/effect-oauth/store.key"
    ])
  })
})

describe("a profile", () => {
  it.scopedLive("is read as Node reads a file of variables", () =>
    Effect.gen(function*() {
      const { directory } = yield* start
      const text = [
        "A=plain # a comment",
        "B='single # no comment'",
        "C=\"two\\nlines\"",
        "D=`back 'ticks' \"too\"`",
        "export E=exported",
        "  F  =  blanks  ",
        "G=",
        "H=\"first",
        "second\"",
        "# a comment",
        "I=it's",
        "J=a=b"
      ].join("\n")
      const file = join(directory, "some.env")
      writeFileSync(file, text)
      const print =
        "console.log(JSON.stringify(Object.fromEntries(\"ABCDEFGHIJ\".split(\"\").map(n => [n, process.env[n]]))))"
      const { stdout } = spawnSync(process.execPath, [`--env-file=${file}`, "-e", print], { encoding: "utf8", env: {} })
      assert.deepStrictEqual(Either.getOrThrow(profileText.read(text)), JSON.parse(stdout))
      for (const wrong of ["OAUTH_CLIENT_ID", "OAUTH_CLIENT_ID: a", "1A=b"]) {
        assert.deepStrictEqual(profileText.read(`A=1\n${wrong}\n`), Either.left(2), wrong)
      }
    }), minute)

  it("is trusted by its mode and owner, where there are modes", () => {
    const of = (mode: number, uid = 1, platform: NodeJS.Platform = "linux") => {
      const { othersRead, othersWrite } = privateFile.accessOf({ mode: 0o100_000 | mode, uid }, platform, 1)
      return (othersRead ? "r" : "") + (othersWrite ? "w" : "")
    }
    for (
      const [mode, expected] of [
        [0o600, ""],
        [0o640, "r"],
        [0o644, "r"],
        [0o620, "w"],
        [0o666, "rw"],
        [0o444, ""],
        [0o440, ""],
        [0o400, ""]
      ] as const
    ) assert.strictEqual(of(mode), expected, mode.toString(8))
    assert.deepStrictEqual([of(0o600, 2), of(0o600, 0), of(0o666, 2, "win32")], ["w", "", ""])
  })

  it.scopedLive(
    "is refused when others can change it, or can read its secret or command",
    () =>
      Effect.gen(function*() {
        const { env, profile, run } = yield* start
        const { OAUTH_CLIENT_SECRET: secret = "", ...rest } = env
        const command = { ...rest, OAUTH_CLIENT_SECRET_COMMAND: `echo ${secret}` }
        const file = { ...rest, OAUTH_CLIENT_SECRET_FILE: profile({}) }
        for (
          const [values, mode, says] of [
            [env, 0o600, undefined],
            [env, 0o644, /holds a secret, and others may read it/],
            [env, 0o444, undefined],
            [file, 0o644, /OAUTH_CLIENT_SECRET_FILE/],
            [file, 0o664, /can be changed by other users/],
            [command, 0o600, undefined],
            [command, 0o444, undefined],
            [command, 0o644, /names a command, and others may read it/],
            [command, 0o602, /can be changed by other users/]
          ] as const
        ) {
          profile(values, mode)
          const ended = yield* run(["token", "--quiet"])
          if (says === undefined) assert.deepStrictEqual([ended.exitCode, ended.stderr], [0, ""], mode.toString(8))
          else {
            assert.strictEqual(ended.exitCode, 10)
            assert.match(ended.stderr, says)
          }
          assert.notInclude(ended.stderr, secret)
        }
      }),
    minute
  )
})
