/**
 * Variables and profiles that are almost right.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Either } from "effect"

import * as directories from "../src/internal/directories.js"
import * as profileText from "../src/internal/profileText.js"
import * as trust from "../src/internal/trust.js"
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
  it("that are unknown are named with the nearest, whatever their value, and others are not", () => {
    assert.deepStrictEqual(variables.unknown(["OAUTH_CLIENT_ID", "API_KEY", "PATH", "OAUTH_ACCESS_TOKEN"]), [])
    for (
      const [name, nearest] of [
        ["OAUTH_CLINT_ID", "OAUTH_CLIENT_ID"],
        ["OAUTH_CLIENT_SECRT_FILE", "OAUTH_CLIENT_SECRET_FILE"],
        ["OAUTH_SCOPES", "OAUTH_SCOPE"],
        ["OAUTH_TOKENS_PER_DAYS", "OAUTH_TOKENS_PER_DAY"],
        ["OAUTH_AUTHENTICATION", "OAUTH_CLIENT_AUTHENTICATION"],
        ["OAUTH_SECRET", "OAUTH_CLIENT_SECRET"],
        ["API_BASE_ULR", "API_BASE_URL"],
        ["oauth_scope", "OAUTH_SCOPE"]
      ]
    ) {
      assert.deepStrictEqual(variables.unknown([name ?? ""]), [
        `${name} is not a variable of effect-oauth, and is ignored. Did you mean ${nearest}?`
      ])
    }
    // The correct one is set, so the other belongs to another program.
    assert.deepStrictEqual(variables.unknown(["API_BASE_URL", "API_BASE_URLS", "api_base_url"]), [])
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

  it("is trusted by modes and owners, its own and those of its directories", () => {
    const of = (entry: Partial<trust.Entry>, platform: NodeJS.Platform = "linux") => {
      const whole = { path: "/a", mode: 0o600, uid: 1000, gid: 1000, isDirectory: false, isLink: false, ...entry }
      const found = trust.changeable([whole], platform, 1000)
      return (trust.othersRead(whole, platform) ? "r" : "") + (found === undefined ? "" : found.isForeign ? "o" : "w")
    }
    for (
      const [mode, file, directory] of [
        [0o600, "", ""],
        [0o640, "r", "r"],
        [0o644, "r", "r"],
        [0o620, "w", ""],
        [0o666, "rw", "rw"],
        [0o444, "", ""],
        [0o440, "", ""],
        [0o400, "", ""],
        [0o775, "rw", "r"],
        [0o1777, "rw", "r"]
      ] as const
    ) {
      assert.strictEqual(of({ mode }), file, mode.toString(8))
      assert.strictEqual(of({ mode, isDirectory: true }), directory, mode.toString(8))
      assert.strictEqual(of({ mode, isDirectory: true, isLink: true }).replace("r", ""), "", mode.toString(8))
      assert.strictEqual(of({ mode, uid: 2 }, "win32"), "")
    }
    assert.deepStrictEqual([of({ uid: 2 }), of({ uid: 0 }), of({ uid: 2, isLink: true })], ["o", "", "o"])
    assert.strictEqual(of({ mode: 0o770, gid: 100, isDirectory: true }), "rw")
    assert.strictEqual(of({ mode: 0o770, uid: 0, gid: 0, isDirectory: true }), "rw")
    const ways = ["/home/ada/.config/x", "/home/ada/.config", "/home/ada"]
    assert.deepStrictEqual(trust.directories(`${ways[0]}/a.env`, ["/home/ada"]), ways)
    assert.deepStrictEqual(trust.directories("/run/a/b", ["/home/ada"]), ["/run/a", "/run", "/"])
  })

  it.scopedLive(
    "is rejected when others can replace it, by any directory on the way, and so is the key of kept tokens",
    () =>
      Effect.gen(function*() {
        const { directory, env, profile, run } = yield* start
        const path = profile(env)
        yield* run(["token"])
        const state = ".local/state/effect-oauth"
        for (const way of ["", ".config", ".config/effect-oauth", ".config/effect-oauth/profiles"]) {
          chmodSync(join(directory, way), 0o777)
          const { exitCode, stderr } = yield* run(["token"])
          chmodSync(join(directory, way), 0o700)
          assert.strictEqual(exitCode, 10)
          assert.strictEqual(
            stderr,
            `error: ${path} can be replaced by other users, who can change ${
              join(directory, way)
            }. Check its content, ` +
              `then run chmod go-w ${join(directory, way)}.\n`
          )
        }
        chmodSync(join(directory, state), 0o777)
        const unsafe = yield* run(["token"])
        assert.deepStrictEqual([unsafe.exitCode, unsafe.stdout], [0, "token-2\n"])
        assert.match(unsafe.stderr, /^warning: \S+store\.key can be replaced by other users.* chmod go-w .* not kept/)
        chmodSync(join(directory, state), 0o700)
        assert.deepStrictEqual(yield* run(["token"]), { exitCode: 0, stdout: "token-1\n", stderr: "" })
        // The link is in a safe directory, and its target is not.
        const shared = join(directory, "shared")
        mkdirSync(shared)
        renameSync(path, join(shared, "some.env"))
        symlinkSync(join(shared, "some.env"), path)
        assert.strictEqual((yield* run(["token"])).exitCode, 0)
        chmodSync(shared, 0o777)
        assert.include((yield* run(["token"])).stderr, `who can change ${shared}.`)
      }),
    minute
  )

  it.scopedLive(
    "that is a link to nothing, a directory, or of another user is reported as such",
    () =>
      Effect.gen(function*() {
        const { directory, env, profile, run } = yield* start
        const profiles = join(directory, ".config/effect-oauth/profiles")
        symlinkSync("nothing.env", join(profiles, "dangling.env"))
        symlinkSync("loop.env", join(profiles, "loop.env"))
        mkdirSync(join(profiles, "directory.env"))
        const said = (name: string) => Effect.map(run(["token", "--profile", name]), ({ stderr }) => stderr)
        assert.match(yield* said("dangling"), /dangling\.env is a link to nothing\.env, which does not exist\. /)
        assert.match(yield* said("loop"), /loop\.env could not be read \(ELOOP\)\. Check that it is a file/)
        assert.match(yield* said("directory"), /directory\.env could not be read \(EISDIR\)\. Check that it is a file/)
        if (process.geteuid?.() !== 0) return
        chownSync(profile(env), 12345, 12345)
        assert.match(yield* said("default"), /default\.env belongs to another user \(12345\), who can change it\. /)
        chownSync(profile(env), 0, 0)
        chownSync(profiles, 12345, 12345)
        assert.match(yield* said("default"), /can be replaced by another user \(12345\), who owns \S+profiles\. /)
      }),
    minute
  )

  it.scopedLive(
    "is rejected when others can change it, or can read its secret or command",
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
