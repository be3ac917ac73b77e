import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { TokenSeal } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Exit, FastCheck as fc, Layer, Logger, Option, Redacted } from "effect"

import { isRandom } from "../src/internal/config/keyStrength.js"
import { printed } from "./support/printed.js"
import { sealKey as key } from "./support/sealKey.js"

const base64 = (bytes: Uint8Array) => Redacted.make(Buffer.from(bytes).toString("base64"))

/** Weak keys, as written in place of random ones. */
const weak: Readonly<Record<string, Uint8Array>> = {
  zeros: new Uint8Array(32),
  "equal bytes": Buffer.alloc(32, 7),
  "the letter a": Buffer.alloc(32, "a"),
  "two in turn": Buffer.alloc(32, "ab"),
  "a repeated word": Buffer.alloc(32, "changeme"),
  "sixteen bytes twice": Buffer.alloc(32, Buffer.from("8f3c1d7a90b2e4465f11ce07a8d93b62", "hex")),
  "one byte that differs": Uint8Array.from({ length: 32 }, (_, index) => index === 5 ? 1 : 0),
  ascending: Uint8Array.from({ length: 32 }, (_, index) => index),
  descending: Uint8Array.from({ length: 32 }, (_, index) => 255 - index),
  "in steps of 7": Uint8Array.from({ length: 32 }, (_, index) => (index * 7) % 256),
  digits: Buffer.from("12345678901234567890123456789012"),
  "a placeholder": Buffer.from("replace-me-replace-me-replace-me")
}

const warnings = () => {
  const logged: Array<string> = []
  return {
    logged,
    layer: Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(String(message))))
  }
}

describe("the seal", () => {
  it.effect("opens a sealed value, for the same place only", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const sealed = yield* seal("here", "t0k3n ü")
      assert.notInclude(sealed, "t0k3n")
      assert.deepStrictEqual(Option.getOrThrow(yield* open("here", sealed)), "t0k3n ü")
      assert.isTrue(Option.isNone(yield* open("there", sealed)))
      assert.notStrictEqual(yield* seal("here", "t0k3n ü"), sealed)
    }))

  it.effect("opens a string of a mebibyte, the size of the longest token response", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const text = "t".repeat(1_048_576)
      assert.isTrue(Option.contains(yield* open("here", yield* seal("here", text)), text))
    }))

  it.effect("opens no value that was changed, cut short or sealed by another key", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      const other = yield* TokenSeal.make([key(2)])
      const sealed = yield* seal("here", "t0k3n")
      for (let at = 0; at < sealed.length; at += 1) {
        const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1)
        assert.isTrue(Option.isNone(yield* open("here", changed)), `at ${at}`)
        assert.isTrue(Option.isNone(yield* open("here", sealed.slice(0, at))), `up to ${at}`)
      }
      assert.isTrue(Option.isNone(yield* other.open("here", sealed)))
    }))

  it.effect("opens no value with characters before, within or after it, nor another spelling of the same bytes", () =>
    Effect.gen(function*() {
      const { open, seal } = yield* TokenSeal.make([key(1)])
      for (let length = 0; length < 6; length += 1) {
        const sealed = yield* seal("here", "t".repeat(length))
        const [version = "", id = "", iv = "", content = ""] = sealed.split(".")
        const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        const last = (text: string) =>
          [...alphabet].map((character) => text.slice(0, -1) + character).filter((other) => other !== text)
        const others = [
          ...["", "=", "==", ".", ".extra", ".v1", " ", "\n", "\0", "A"].map((more) => sealed + more),
          ...[" ", "\n", ".", "v1."].map((more) => more + sealed),
          `${version}.${id}.${iv}..${content}`,
          `${version}.${id}. ${iv}.${content}`,
          `${version}.${id}.${iv}.${content.slice(0, 3)}\n${content.slice(3)}`,
          `${version}.${id.toUpperCase()}.${iv}.${content}`,
          ...last(content).map((other) => `${version}.${id}.${iv}.${other}`),
          ...last(iv).map((other) => `${version}.${id}.${other}.${content}`)
        ]
        for (const other of others) {
          if (other === sealed) continue
          assert.isTrue(Option.isNone(yield* open("here", other)), JSON.stringify(other))
        }
        assert.isTrue(Option.isSome(yield* open("here", sealed)))
      }
    }))

  it("opens no other string, and never fails", async () => {
    const { open } = await Effect.runPromise(TokenSeal.make([key(1)]))
    const almost = fc.stringMatching(/^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{16}\..*$/)
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), almost),
        async (text) => Option.isNone(await Effect.runPromise(open("here", text)))
      )
    )
  })

  it.effect("opens values of old keys during a rotation", () =>
    Effect.gen(function*() {
      const before = yield* TokenSeal.make([key(1)])
      const between = yield* TokenSeal.make([key(2), key(1)])
      const after = yield* TokenSeal.make([key(2)])
      const [old, new_] = [yield* before.seal("here", "old"), yield* between.seal("here", "new")]
      assert.deepStrictEqual(Option.getOrThrow(yield* between.open("here", old)), "old")
      assert.deepStrictEqual(Option.getOrThrow(yield* after.open("here", new_)), "new")
      assert.isTrue(Option.isNone(yield* after.open("here", old)))
      assert.strictEqual(yield* between.name("a"), yield* before.name("a"))
      assert.notStrictEqual(yield* after.name("a"), yield* before.name("a"))
    }))

  it.effect("requires keys of 32 bytes, and shows none", () =>
    Effect.gen(function*() {
      for (
        const keys of [[], [Redacted.make("c4n4ry")], [key(1), Redacted.make(btoa("c4n4ry"))], [
          Redacted.make("not base64!")
        ]]
      ) {
        const error = yield* Effect.flip(TokenSeal.make(keys))
        assert.include(error.message, "openssl rand -base64 32")
        assert.notInclude(printed(error), "c4n4ry")
      }
      assert.notInclude(printed(yield* TokenSeal.make([key(65)])), "AAAA")
    }))

  it.effect("rejects keys that cannot be random, from every source", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      for (const [name, bytes] of Object.entries(weak)) {
        const text = Redacted.value(base64(bytes))
        for (const keys of [[base64(bytes)], [key(1), base64(bytes)], [base64(bytes), key(1)]]) {
          const error = yield* Effect.flip(TokenSeal.make(keys))
          assert.strictEqual(error._tag, "InvalidConfig", name)
          assert.include(error.message, "openssl rand -base64 32")
          assert.notInclude(printed(error), text)
        }
        yield* fs.writeFileString(`${directory}/key`, text, { mode: 0o600 })
        const provider = Layer.setConfigProvider(ConfigProvider.fromJson({ TOKEN_STORE_KEY: text }))
        const exits = yield* Effect.all([
          Effect.exit(Layer.build(TokenSeal.layerFile(`${directory}/key`))),
          Effect.exit(Layer.build(Layer.provide(TokenSeal.layerEnv(), provider)))
        ])
        for (const exit of exits) {
          assert.strictEqual(exit._tag, "Failure", name)
          assert.notInclude(printed(exit), text)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.effect("accepts the key for tests only from code, with a warning", () =>
    Effect.gen(function*() {
      const { layer, logged } = warnings()
      const test = base64(new Uint8Array(32).fill(1))
      const { open, seal } = yield* Effect.provide(TokenSeal.make([test]), layer)
      assert.isTrue(Option.contains(yield* open("here", yield* seal("here", "t")), "t"))
      assert.lengthOf(logged, 1)
      assert.include(logged[0], "the key for tests")
      yield* Effect.provide(TokenSeal.make([key(1)]), layer)
      assert.lengthOf(logged, 1)
      const provider = ConfigProvider.fromJson({ TOKEN_STORE_KEY: Redacted.value(test) })
      const configured = Layer.provide(TokenSeal.layerEnv(), Layer.setConfigProvider(provider))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Layer.build(configured))))
    }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

  it.prop("accepts every random key", [fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer()], ([, seed]) => {
    // `uint8Array` is biased towards small values, so the bytes come from a generator.
    const random = fc.sample(fc.array(fc.noBias(fc.nat({ max: 255 })), { minLength: 32, maxLength: 32 }), {
      numRuns: 20,
      seed
    })
    for (const bytes of random) assert.isTrue(isRandom(Uint8Array.from(bytes)), bytes.join())
    // Letters and digits, as password generators and Helm charts create them.
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    for (const bytes of random) {
      assert.isTrue(isRandom(Buffer.from(bytes.map((byte) => letters[byte % letters.length]).join(""))))
    }
  })
})

describe("the layers of the seal", () => {
  const given = (variables: Readonly<Record<string, string>>, options?: { readonly prefix?: string }) =>
    TokenSeal.TokenSeal.pipe(
      Effect.provide(
        Layer.provide(
          TokenSeal.layerEnv(options),
          Layer.merge(
            NodeContext.layer,
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)), { pathDelim: "_" }))
          )
        )
      )
    )
  const [one, two, three] = [1, 2, 3].map((number) => Redacted.value(key(number))) as [string, string, string]

  it.effect("read the keys of the environment, the current one first", () =>
    Effect.gen(function*() {
      const old = yield* TokenSeal.make([key(2)])
      const older = yield* TokenSeal.make([key(3)])
      for (const separator of [" ", ",", ", ", "\n"]) {
        const seal = yield* given({ TOKEN_STORE_KEY: one, TOKEN_STORE_KEY_PREVIOUS: `${two}${separator}${three}` })
        assert.isTrue(Option.contains(yield* seal.open("here", yield* old.seal("here", "t")), "t"))
        assert.isTrue(Option.contains(yield* seal.open("here", yield* older.seal("here", "t")), "t"))
        const sealed = yield* seal.seal("here", "t")
        assert.isTrue(Option.isSome(yield* (yield* TokenSeal.make([key(1)])).open("here", sealed)))
        assert.strictEqual(yield* seal.name("a"), yield* older.name("a"))
      }
      yield* given({ BILLING_TOKEN_STORE_KEY: one }, { prefix: "BILLING" })
    }))

  it.scoped("read the keys of files that other users cannot read, and of no others", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const file = `${directory}/store.key`
      const ofFile = Effect.provide(TokenSeal.TokenSeal, TokenSeal.layerFile(file))
      yield* fs.writeFileString(file, `${one}\n${two}\n`)
      const expected = yield* TokenSeal.make([key(1), key(2)])
      for (const mode of [0o600, 0o400, 0o640, 0o440]) {
        yield* fs.chmod(file, mode)
        const seal = yield* ofFile
        assert.isTrue(Option.isSome(yield* seal.open("here", yield* expected.seal("here", "t"))))
        yield* given({ TOKEN_STORE_KEY: three, TOKEN_STORE_KEY_PREVIOUS_FILE: file })
      }
      for (const mode of [0o644, 0o604, 0o660, 0o602, 0o666, 0o777]) {
        yield* fs.chmod(file, mode)
        const error = yield* Effect.flip(ofFile)
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["path"])
        assert.include(error.message, "chmod 600")
        const other = yield* Effect.flip(given({ TOKEN_STORE_KEY: three, TOKEN_STORE_KEY_PREVIOUS_FILE: file }))
        assert.include(String(other), "TOKEN_STORE_KEY_PREVIOUS_FILE")
        assert.notInclude(printed([error, other]), one)
      }
      yield* fs.remove(file)
      assert.include((yield* Effect.flip(ofFile)).message, "NotFound")
      yield* fs.makeDirectory(file)
      assert.include((yield* Effect.flip(ofFile)).message, "a regular file")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("name the invalid variable and show no key", () =>
    Effect.gen(function*() {
      for (
        const [variables, name, expected] of [
          [{}, "TOKEN_STORE_KEY", "32 random bytes"],
          [{ TOKEN_STORE_KEY: "c4n4ry" }, "TOKEN_STORE_KEY", "32 random bytes"],
          [{ TOKEN_STORE_KEY: `${one} ${two}` }, "TOKEN_STORE_KEY", "a key of 32"],
          [{ TOKEN_STORE_KEY: one, TOKEN_STORE_KEY_PREVIOUS: "c4n4ry" }, "TOKEN_STORE_KEY_PREVIOUS", "32 random bytes"],
          [
            { TOKEN_STORE_KEY: one, TOKEN_STORE_KEY_FILE: "/k" },
            "TOKEN_STORE_KEY_FILE",
            "unset when TOKEN_STORE_KEY is set"
          ],
          [{ TOKEN_STORE_KEY_FILE: "/k" }, "TOKEN_STORE_KEY_FILE", "NotFound"]
        ] as const
      ) {
        const error = yield* Effect.flip(given(variables))
        const text = printed(error)
        assert.include(text, `Expected ${name} to be`)
        assert.include(text, expected)
        for (const secret of ["c4n4ry", one, two]) assert.notInclude(text, secret)
      }
    }))
})
