import { execFileSync } from "node:child_process"

import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { type OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import * as TokenStoreTest from "@effect-oauth/testing/TokenStoreTest"
import { Clock, Context, Deferred, Duration, Effect, Fiber, Layer, Logger, Option, TestClock } from "effect"

import { failure } from "./support/platformErrors.js"

const minute = Duration.minutes(1)
const entry = (value: string) => ({ value, expiresAt: 1000 })

TokenStoreTest.suite("a store in memory", TokenStore.layerMemory)

/** The directory of the store in use. */
class Directory extends Context.Tag("Directory")<Directory, string>() {}

const files = Effect.flatMap(Directory, (directory) => Effect.provide(TokenStore.TokenStore, layerFiles(directory)))

const layerFiles = (directory: string) => Layer.provide(TokenStore.layerFiles(directory), NodeContext.layer)

const temporary = Layer.scoped(
  Directory,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    return `${yield* fs.makeTempDirectoryScoped()}/tokens`
  })
).pipe(Layer.provide(NodeContext.layer))

/** Changes to the directory of the store. */
const toDirectory = (change: (fs: FileSystem.FileSystem, directory: string) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(
    Directory,
    (directory) =>
      Effect.flatMap(FileSystem.FileSystem, (fs) => change(fs, directory)).pipe(Effect.provide(NodeContext.layer))
  )

TokenStoreTest.suite("a store of files", Layer.provideMerge(Layer.effect(TokenStore.TokenStore, files), temporary), {
  connect: files,
  outage: {
    begin: toDirectory((fs, directory) =>
      Effect.zipRight(fs.rename(directory, `${directory}-aside`), fs.writeFileString(directory, "not a directory"))
    ),
    end: toDirectory((fs, directory) =>
      Effect.zipRight(fs.remove(directory), fs.rename(`${directory}-aside`, directory))
    )
  }
})

describe("a store of files", () => {
  const inDirectory = <A, E>(
    test: (directory: string, fs: FileSystem.FileSystem, path: Path.Path) => Effect.Effect<A, E, TokenStore.TokenStore>
  ) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = path.join(yield* fs.makeTempDirectoryScoped(), "tokens")
      return yield* Effect.provide(test(directory, fs, path), TokenStore.layerFiles(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

  it.effect("is private to its owner, leaves no drafts, and keeps a few old files at most", () =>
    inDirectory((directory, fs, path) =>
      Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        for (let generation = 0; generation < 50; generation += 1) {
          assert.isTrue((yield* store.swap("a", generation, entry("x"))).done)
          assert.isTrue((yield* store.acquire("a", "one", minute)).done)
          yield* store.release("a", "one")
        }
        const folder = path.join(directory, "a")
        const names = yield* fs.readDirectory(folder)
        assert.deepStrictEqual(
          names.sort(),
          Array.from({ length: 32 }, (_, index) => [`token-${19 + index}`, `lease-${69 + index}`]).flat().sort()
        )
        assert.strictEqual((yield* fs.stat(folder)).mode & 0o777, 0o700)
        for (const name of names) {
          assert.strictEqual((yield* fs.stat(path.join(folder, name))).mode & 0o777, 0o600)
        }
      })
    ))

  it.effect("fails the operations of a process that was paused before its write", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const gate = yield* Deferred.make<void>()
      const paused = yield* Deferred.make<void>()
      const directory = path.join(yield* fs.makeTempDirectoryScoped(), "tokens")
      /** A file system that pauses after it reads, before it writes. */
      const slow: FileSystem.FileSystem = {
        ...fs,
        link: (from, to) =>
          Effect.zipRight(
            Effect.zipRight(Deferred.succeed(paused, undefined), Deferred.await(gate)),
            fs.link(from, to)
          )
      }
      const late = yield* TokenStore.TokenStore.pipe(
        Effect.provide(TokenStore.layerFiles(directory)),
        Effect.provideService(FileSystem.FileSystem, slow)
      )
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(directory))
      const swap = yield* Effect.fork(late.swap("a", 0, entry("late")))
      const acquire = yield* Effect.fork(late.acquire("a", "late", minute))
      yield* Deferred.await(paused)
      while ((yield* fs.readDirectory(path.join(directory, "a"))).length < 2) yield* Effect.yieldNow()
      for (let generation = 0; generation < 100; generation += 1) {
        assert.isTrue((yield* store.swap("a", generation, entry(String(generation)))).done)
        if (generation > 0) yield* store.release("a", "one")
        assert.isTrue((yield* store.acquire("a", "one", minute)).done)
      }
      yield* Deferred.succeed(gate, undefined)
      assert.isFalse((yield* Fiber.join(swap)).done)
      assert.isFalse((yield* Fiber.join(acquire)).done)
      assert.isFalse((yield* store.acquire("a", "two", minute)).done)
      assert.deepStrictEqual(Option.getOrThrow((yield* store.load("a")).entry), { ...entry("99"), generation: 100 })
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("does not release the lease of another process", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const gate = yield* Deferred.make<void>()
      const paused = yield* Deferred.make<void>()
      const directory = path.join(yield* fs.makeTempDirectoryScoped(), "tokens")
      let isPaused = false
      const wait = <A, E>(operation: Effect.Effect<A, E>) =>
        Effect.suspend(() =>
          isPaused
            ? Effect.zipRight(Effect.zipRight(Deferred.succeed(paused, undefined), Deferred.await(gate)), operation)
            : operation
        )
      const slow: FileSystem.FileSystem = {
        ...fs,
        link: (from, to) => wait(fs.link(from, to)),
        remove: (file, options) => wait(fs.remove(file, options))
      }
      const late = yield* TokenStore.TokenStore.pipe(
        Effect.provide(TokenStore.layerFiles(directory)),
        Effect.provideService(FileSystem.FileSystem, slow)
      )
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(directory))
      assert.isTrue((yield* late.acquire("a", "late", minute)).done)
      isPaused = true
      const release = yield* Effect.fork(late.release("a", "late"))
      yield* Deferred.await(paused)
      yield* TestClock.adjust("1 minute")
      assert.isTrue((yield* store.acquire("a", "one", minute)).done)
      yield* store.release("a", "one")
      assert.isTrue((yield* store.acquire("a", "two", minute)).done)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(release)
      assert.isFalse((yield* store.acquire("a", "three", minute)).done)
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.live("removes the files of processes that died while writing", () =>
    inDirectory((directory, fs, path) =>
      Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        yield* store.swap("a", 0, entry("x"))
        const folder = path.join(directory, "a")
        for (const name of ["draft-old", "draft-new"]) yield* fs.writeFileString(path.join(folder, name), "")
        yield* fs.utimes(path.join(folder, "draft-old"), new Date(0), new Date(0))
        yield* store.swap("a", 1, entry("y"))
        assert.deepStrictEqual((yield* fs.readDirectory(folder)).sort(), ["draft-new", "token-1", "token-2"])
      })
    ))

  it.effect("ignores broken files and replaces them", () =>
    inDirectory((directory, fs, path) =>
      Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        yield* store.swap("a", 0, entry("x"))
        for (const broken of ["", "{", "{\"value\":17}", "\u0000"]) {
          yield* fs.writeFileString(path.join(directory, "a", "token-1"), broken)
          const { entry: found } = yield* store.load("a")
          assert.deepStrictEqual(Option.getOrThrow(found), { value: "", expiresAt: 0, generation: 1 })
        }
        yield* fs.writeFileString(path.join(directory, "a", "lease-1"), "nonsense")
        assert.isTrue((yield* store.acquire("a", "one", minute)).done)
        assert.isTrue((yield* store.swap("a", 1, entry("y"))).done)
      })
    ))

  it.effect("fails with a typed error where Linux does not create a directory and does not report it as forbidden", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      const error = yield* Effect.flip(store.swap("a", 0, entry("x")))
      assert.strictEqual(error._tag, "TokenStoreError")
    }).pipe(Effect.provide(Layer.provide(TokenStore.layerFiles("/proc/effect-oauth"), NodeContext.layer))))

  it.effect("fails with a typed error when the disk is full, and leaves no files behind", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = path.join(yield* fs.makeTempDirectoryScoped(), "tokens")
      let isFull = false
      // The device on which every write fails like this.
      const disk: FileSystem.FileSystem = {
        ...fs,
        writeFileString: (file, content, options) =>
          isFull
            ? Effect.zipRight(fs.writeFileString(file, "", options), fs.writeFileString("/dev/full", content))
            : fs.writeFileString(file, content, options)
      }
      yield* Effect.gen(function*() {
        const store = yield* TokenStore.TokenStore
        assert.isTrue((yield* store.swap("a", 0, entry("x"))).done)
        isFull = true
        for (const operation of [store.swap("a", 1, entry("y")), store.acquire("a", "one", minute)]) {
          const error = yield* Effect.flip(operation)
          assert.strictEqual(error.problem, "ENOSPC")
        }
        const { entry: found } = yield* store.load("a")
        assert.strictEqual(Option.getOrThrow(found).value, "x")
        assert.deepStrictEqual(yield* fs.readDirectory(path.join(directory, "a")), ["token-1"])
        isFull = false
        assert.isTrue((yield* store.swap("a", 1, entry("y"))).done)
      }).pipe(
        Effect.provide(TokenStore.layerFiles(directory)),
        Effect.provideService(FileSystem.FileSystem, disk)
      )
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("shows the code of a file system error, or else its kind, and no path", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const denied = failure("PermissionDenied", Object.assign(new Error("open '/a/path'"), { code: "EACCES" }))
      for (const [error, problem] of [[denied, "EACCES"], [failure("Busy"), "Busy"]] as const) {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(directory)).pipe(
          Effect.provideService(FileSystem.FileSystem, { ...fs, writeFileString: () => Effect.fail(error) })
        )
        const failed = yield* Effect.flip(store.swap("a", 0, entry("x")))
        assert.strictEqual(failed.problem, problem)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  const logged = () => {
    const lines: Array<string> = []
    return {
      lines,
      layer: Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => lines.push(String(message))))
    }
  }

  it.effect("makes a directory of this user private when others can write to it, with a warning", () =>
    inDirectory((directory, fs, path) =>
      Effect.gen(function*() {
        const { layer, lines } = logged()
        const store = yield* TokenStore.TokenStore
        for (const mode of [0o777, 0o770, 0o702]) {
          for (const wide of [directory, path.join(directory, "a")]) {
            yield* fs.makeDirectory(wide, { recursive: true })
            yield* fs.chmod(wide, mode)
          }
          lines.length = 0
          yield* Effect.provide(store.acquire("a", "one", minute), layer)
          assert.strictEqual((yield* fs.stat(directory)).mode & 0o777, 0o700)
          assert.strictEqual((yield* fs.stat(path.join(directory, "a"))).mode & 0o777, 0o700)
          assert.lengthOf(lines, 2)
          assert.include(lines[0], "It was made private (mode 0700)")
        }
        yield* store.swap("a", 0, entry("x"))
        const file = path.join(directory, "a", "token-1")
        yield* fs.chmod(file, 0o666)
        lines.length = 0
        assert.isTrue(Option.isSome((yield* Effect.provide(store.load("a"), layer)).entry))
        assert.strictEqual((yield* fs.stat(file)).mode & 0o777, 0o600)
        assert.lengthOf(lines, 1)
      })
    ))

  it.effect("rejects a directory that is a link or shared by all; the message states what to change", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const base = yield* fs.makeTempDirectoryScoped()
      const [target, link, shared] = ["target", "link", "shared"].map((name) => path.join(base, name)) as [
        string,
        string,
        string
      ]
      yield* fs.makeDirectory(target, { mode: 0o700 })
      yield* fs.symlink(target, link)
      yield* fs.makeDirectory(shared)
      yield* fs.chmod(shared, 0o1777)
      for (
        const [directory, expected] of [
          [link, "symbolic link"],
          [`${link}/`, "symbolic link"],
          [shared, "a directory inside it"]
        ] as const
      ) {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(directory))
        const operations = [
          store.load("a"),
          store.swap("a", 0, entry("x")),
          store.acquire("a", "one", minute),
          store.release("a", "one")
        ]
        for (const operation of operations) {
          const error = yield* Effect.flip(
            Effect.asVoid(operation as Effect.Effect<unknown, OAuthError.TokenStoreError>)
          )
          assert.include(error.message, expected)
          assert.notInclude(error.message, base)
        }
      }
      assert.deepStrictEqual(yield* fs.readDirectory(target), [])
      assert.deepStrictEqual(yield* fs.readDirectory(shared), [])
      // A directory inside a shared one is created, and private.
      const own = path.join(shared, "own")
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(own))
      assert.isTrue((yield* store.swap("a", 0, entry("x"))).done)
      assert.strictEqual((yield* fs.stat(own)).mode & 0o777, 0o700)
      // The folder of a key must not be a link either.
      yield* fs.symlink(target, path.join(own, "b"))
      assert.include((yield* Effect.flip(store.swap("b", 0, entry("x")))).message, "symbolic link")
      assert.deepStrictEqual(yield* fs.readDirectory(target), [])
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.live("works with any other files in its folder", () =>
    Effect.gen(function*() {
      const foreign = [
        "token-999999999999999",
        "token-99999999999999999999",
        "token-1000000000",
        "token-999999999",
        "token-0",
        "token-007",
        "token-5-old",
        "token-1e3",
        "token-",
        "token",
        "lease-999999999999999",
        "lease-999999999",
        "lease--1",
        ".token-3.swp",
        "README"
      ]
      for (const name of foreign) {
        for (const isDirectory of [false, true]) {
          yield* inDirectory((directory, fs, path) =>
            Effect.gen(function*() {
              const store = yield* TokenStore.TokenStore
              yield* store.swap("a", 0, entry("one"))
              const file = path.join(directory, "a", name)
              yield* isDirectory ? fs.makeDirectory(file) : fs.writeFileString(file, "")
              // A rejected directory may be retried, as each token request does.
              let [swaps, leases] = [0, 0]
              for (let tries = 0; tries < 5; tries += 1) {
                const generation = Option.match((yield* store.load("a")).entry, {
                  onNone: () => 0,
                  onSome: (found) => found.generation
                })
                if ((yield* store.swap("a", generation, entry(`try-${tries}`))).done) {
                  swaps += 1
                  assert.strictEqual(Option.getOrThrow((yield* store.load("a")).entry).value, `try-${tries}`)
                }
                if ((yield* store.acquire("a", `owner-${tries}`, minute)).done) {
                  leases += 1
                  yield* store.release("a", `owner-${tries}`)
                }
              }
              assert.isAtLeast(swaps, 3, `${name} ${isDirectory}`)
              assert.isAtLeast(leases, 3, `${name} ${isDirectory}`)
            })
          )
        }
      }
    }))

  it.live(
    "opens no FIFO, directory or link in place of a file, which could block forever",
    () =>
      inDirectory((directory, fs, path) =>
        Effect.gen(function*() {
          const store = yield* TokenStore.TokenStore
          yield* store.swap("a", 0, entry("one"))
          const inFolder = (name: string) => path.join(directory, "a", name)
          execFileSync("mkfifo", [inFolder("token-2"), inFolder("lease-1"), inFolder("draft-fifo")])
          assert.deepStrictEqual(Option.getOrThrow((yield* store.load("a")).entry), {
            value: "",
            expiresAt: 0,
            generation: 2
          })
          assert.isTrue((yield* store.acquire("a", "one", minute)).done)
          assert.isTrue((yield* store.swap("a", 2, entry("two"))).done)
          yield* fs.makeDirectory(inFolder("token-4"))
          assert.strictEqual(Option.getOrThrow((yield* store.load("a")).entry).value, "")
          assert.isTrue((yield* store.swap("a", 4, entry("three"))).done)
          yield* fs.symlink(inFolder("token-5"), inFolder("token-6"))
          assert.strictEqual(Option.getOrThrow((yield* store.load("a")).entry).value, "")
          assert.isTrue((yield* store.swap("a", 6, entry("four"))).done)
          assert.strictEqual(Option.getOrThrow((yield* store.load("a")).entry).value, "four")
        })
      ),
    300_000
  )

  it.live(
    "removes entries that expired a day ago, a bounded number at a time, and nothing else",
    () =>
      inDirectory((directory, fs, path) =>
        Effect.gen(function*() {
          const store = yield* TokenStore.TokenStore
          const now = yield* Clock.currentTimeMillis
          const name = (index: number) => index.toString(16).padStart(64, "0")
          const day = 86_400_000
          const long = new Date(now - 2 * day)
          for (let index = 0; index < 60; index += 1) {
            yield* fs.makeDirectory(path.join(directory, name(index)), { recursive: true, mode: 0o700 })
            const text = JSON.stringify({ value: "x", generation: 1, expiresAt: now - 2 * day })
            yield* fs.writeFileString(path.join(directory, name(index), "token-1"), text, { mode: 0o600 })
            yield* fs.utimes(path.join(directory, name(index)), long, long)
          }
          const live = [name(100), name(101), "not-a-key"] as const
          for (const key of live) yield* fs.makeDirectory(path.join(directory, key), { mode: 0o700 })
          yield* store.swap(name(100), 0, { value: "y", expiresAt: now + day })
          yield* fs.utimes(path.join(directory, "not-a-key"), long, long)
          const left = (yield* fs.readDirectory(directory)).sort()
          assert.lengthOf(left, 10 + live.length)
          assert.includeMembers(left, [...live])
          // Another process continues where this one stopped.
          const other = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerFiles(directory))
          yield* other.swap(name(101), 0, { value: "y", expiresAt: now + day })
          assert.deepStrictEqual((yield* fs.readDirectory(directory)).sort(), [...live].sort())
          assert.isTrue(Option.isSome((yield* store.load(name(100))).entry))
        }).pipe(Effect.provide(NodeContext.layer))
      ),
    300_000
  )
})

describe("a store in memory", () => {
  it.effect("removes expired entries, and keeps a bounded number of entries and leases", () =>
    Effect.gen(function*() {
      const store = yield* TokenStore.TokenStore
      const has = (key: string) => Effect.map(store.load(key), ({ entry }) => Option.isSome(entry))
      yield* store.swap("old", 0, { value: "x", expiresAt: 1000 })
      yield* TestClock.adjust("2 hours")
      assert.isTrue(yield* has("old"))
      yield* store.swap("new", 0, { value: "x", expiresAt: 1e10 })
      assert.isFalse(yield* has("old"))
      for (let index = 0; index < 10_050; index += 1) {
        yield* store.swap(`key-${index}`, 0, { value: "x", expiresAt: 1e10 })
        yield* store.acquire(`key-${index}`, "one", minute)
      }
      assert.deepStrictEqual(
        [yield* has("new"), yield* has("key-0"), yield* has("key-49"), yield* has("key-50"), yield* has("key-10049")],
        [false, false, false, true, true]
      )
      // A lease that was removed is free again; the last ones are taken.
      assert.isTrue((yield* store.acquire("key-0", "two", minute)).done)
      assert.isFalse((yield* store.acquire("key-10049", "two", minute)).done)
    }).pipe(Effect.provide(TokenStore.layerMemory)))
})
