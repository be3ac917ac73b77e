/**
 * The code cache: used only while it is that of this program, this Node and this user.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as codeCache from "../src/internal/codeCache.js"
import * as binary from "./support/binary.js"

const home = () => "/home/me"

describe("the directory", () => {
  it("is that of caches of the platform", () => {
    assert.strictEqual(codeCache.directory({}, home, "linux"), "/home/me/.cache/effect-oauth")
    assert.strictEqual(codeCache.directory({ XDG_CACHE_HOME: "/var/me" }, home, "darwin"), "/var/me/effect-oauth")
    assert.strictEqual(
      codeCache.directory({ LOCALAPPDATA: "C:\\me\\Local" }, home, "win32"),
      "C:\\me\\Local\\effect-oauth"
    )
  })

  it("is not a relative path", () => {
    assert.strictEqual(codeCache.directory({ XDG_CACHE_HOME: "here" }, home, "linux"), "/home/me/.cache/effect-oauth")
    assert.isUndefined(codeCache.directory({}, () => "", "linux"))
  })

  it("is absent without a home, and if the cache is off", () => {
    const noHome = () => {
      throw new Error("no user")
    }
    assert.isUndefined(codeCache.directory({}, noHome, "linux"))
    assert.isUndefined(codeCache.directory({ NODE_DISABLE_COMPILE_CACHE: "1" }, home, "linux"))
  })
})

const source = Buffer.from("the program")
const data = Buffer.from("its code")

/** A directory of the cache with one file. */
const written = Effect.map(binary.home, ({ directory: parent }) => {
  const directory = join(parent, "cache", "effect-oauth")
  codeCache.write(directory, "token", source, data)
  return { directory, file: join(directory, "token") }
})

const found = (directory: string): string | undefined => codeCache.read(directory, "token", source)?.toString()

describe("a cached program", () => {
  it.scopedLive("is only for this user", () =>
    Effect.gen(function*() {
      const { directory, file } = yield* written
      assert.strictEqual(found(directory), "its code")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
      assert.deepStrictEqual(readdirSync(directory), ["token"])
    }))

  it.scopedLive("is that of one source", () =>
    Effect.gen(function*() {
      const { directory } = yield* written
      // Of the same length, which is all that V8 compares.
      assert.isUndefined(codeCache.read(directory, "token", Buffer.from("THE program")))
      assert.isUndefined(codeCache.read(directory, "call", source))
    }))

  const damages: Readonly<Record<string, (file: string, directory: string) => void>> = {
    "a changed byte": (file) => {
      const content = readFileSync(file)
      content[content.length - 1] = 0
      writeFileSync(file, content)
    },
    "a missing end": (file) => writeFileSync(file, readFileSync(file).subarray(0, -1)),
    "no content": (file) => writeFileSync(file, ""),
    "write permission for the group": (file) => chmodSync(file, 0o620),
    "write permission for others": (file) => chmodSync(file, 0o602),
    "a link in its place": (file) => {
      renameSync(file, `${file}.real`)
      symlinkSync(`${file}.real`, file)
    },
    "a directory that others can write to": (_, directory) => chmodSync(directory, 0o777),
    "a link in place of the directory": (_, directory) => {
      renameSync(directory, `${directory}.real`)
      symlinkSync(`${directory}.real`, directory)
    }
  }
  for (const [name, damage] of Object.entries(damages)) {
    it.scopedLive(`is ignored with ${name}`, () =>
      Effect.gen(function*() {
        const { directory, file } = yield* written
        damage(file, directory)
        assert.isUndefined(found(directory))
      }))
  }

  it.scopedLive("is not written where others can write, or where no user can", () =>
    Effect.gen(function*() {
      const { directory } = yield* written
      const shared = join(dirname(directory), "shared")
      mkdirSync(shared)
      chmodSync(shared, 0o777)
      for (const place of [shared, join(directory, "token", "below"), "/proc/effect-oauth/cache"]) {
        codeCache.write(place, "token", source, data)
        assert.isFalse(existsSync(join(place, "token")), place)
      }
    }))

  it.scopedLive("is written by one process at a time, which may have ended meanwhile", () =>
    Effect.gen(function*() {
      const { directory, file } = yield* written
      writeFileSync(`${file}.draft`, "half")
      codeCache.write(directory, "token", source, Buffer.from("newer"))
      assert.strictEqual(found(directory), "its code")
      utimesSync(`${file}.draft`, 0, 0)
      codeCache.write(directory, "token", source, Buffer.from("newer"))
      assert.strictEqual(found(directory), "newer")
      assert.deepStrictEqual(readdirSync(directory), ["token"])
    }))
})

describe("a directory that cannot be used", () => {
  const places: Readonly<Record<string, readonly [make: (directory: string) => string, says: RegExp, remedy: RegExp]>> =
    {
      "one that others can write to": [
        (directory) => {
          chmodSync(directory, 0o777)
          return directory
        },
        /^can be changed by other users$/,
        /^Run chmod go-w \S+\/effect-oauth$/
      ],
      "a link": [
        (directory) => {
          symlinkSync(directory, `${directory}-link`)
          return `${directory}-link`
        },
        /^is not a directory$/,
        /^Remove /
      ],
      "one below a file": [
        (directory) => join(directory, "token", "effect-oauth"),
        /^cannot be (?:read|written) \(ENOTDIR\)$/,
        /^Set XDG_CACHE_HOME/
      ],
      "one below a directory that cannot be created": [
        (directory) => join(directory, "absent", "absent", "effect-oauth"),
        /^cannot be written \(ENOENT\)$/,
        /^Set XDG_CACHE_HOME/
      ]
    }
  for (const [name, [make, says, remedy]] of Object.entries(places)) {
    it.scopedLive(`has a reason and a remedy: ${name}`, () =>
      Effect.gen(function*() {
        const { directory } = yield* written
        const found = codeCache.problem(make(directory))
        assert.match(found?.reason ?? "", says)
        assert.match(found?.remedy ?? "", remedy)
      }))
  }

  it.scopedLive("is none where the directory is written, or can be created", () =>
    Effect.gen(function*() {
      const { directory } = yield* written
      for (const place of [directory, `${directory}-absent`, join(directory, "absent", "effect-oauth")]) {
        assert.isUndefined(codeCache.problem(place), place)
      }
    }))

  it.scopedLive("is a warning of a command, once, unless the cache is off", () =>
    Effect.gen(function*() {
      const { directory, spawn } = yield* binary.home
      const cache = join(directory, ".cache", "effect-oauth")
      mkdirSync(cache, { recursive: true })
      chmodSync(cache, 0o777)
      const warning =
        `warning: Commands start more slowly, since the cache ${cache} can be changed by other users. Run chmod ` +
        `go-w ${cache}, or set NODE_DISABLE_COMPILE_CACHE=1 to do without the cache.\n`
      assert.strictEqual((yield* spawn(["simulate"])).stderr, warning)
      assert.strictEqual((yield* spawn(["simulate", "--quiet"])).stderr, "")
      assert.strictEqual((yield* spawn(["simulate", "--help"])).stderr, "")
      assert.strictEqual((yield* spawn(["simulate"], { env: { NODE_DISABLE_COMPILE_CACHE: "1" } })).stderr, "")
    }))
})

describe("commands", () => {
  const started = Effect.map(binary.home, ({ directory, spawn }) => {
    const file = join(directory, ".cache", "effect-oauth", "other")
    return {
      file,
      help: (env: Readonly<Record<string, string>> = {}) =>
        Effect.map(spawn(["--help"], { env }), ({ exitCode, stderr, stdout }) => {
          assert.deepStrictEqual([exitCode, stderr], [0, ""])
          assert.include(stdout, "effect-oauth")
          return existsSync(file) ? statSync(file).ino : undefined
        })
    }
  })

  it.scopedLive("write the cache once", () =>
    Effect.gen(function*() {
      const { help } = yield* started
      const first = yield* help()
      assert.isDefined(first)
      assert.strictEqual(yield* help(), first)
    }))

  it.scopedLive("replace what V8 rejects, and what is damaged", () =>
    Effect.gen(function*() {
      const { file, help } = yield* started
      const first = yield* help()
      // The flags of V8 are part of what it compares, as its version is.
      const second = yield* help({ NODE_OPTIONS: "--max-old-space-size=500" })
      assert.notStrictEqual(second, first)
      const content = readFileSync(file)
      content.fill(0xff, content.length / 2, content.length / 2 + 200)
      writeFileSync(file, content)
      assert.notStrictEqual(yield* help(), second)
    }))

  it.scopedLive("succeed at the same time", () =>
    Effect.gen(function*() {
      const { file, help } = yield* started
      yield* Effect.all([help(), help(), help()], { concurrency: "unbounded" })
      assert.deepStrictEqual(readdirSync(dirname(file)), ["other"])
      assert.isDefined(yield* help())
    }))

  it.scopedLive("write nothing if the cache is off, or its directory is that of others", () =>
    Effect.gen(function*() {
      const { file, help } = yield* started
      assert.isUndefined(yield* help({ NODE_DISABLE_COMPILE_CACHE: "1" }))
      mkdirSync(dirname(file), { recursive: true })
      chmodSync(dirname(file), 0o777)
      assert.isUndefined(yield* help())
    }))
})
