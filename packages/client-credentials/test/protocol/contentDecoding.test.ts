import { getBuiltinModule } from "node:process"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"

import { assert, describe, it } from "@effect/vitest"

import { ContentCodingError, decode, isSupported } from "../../src/internal/protocol/contentDecoding.js"

const ofNode = <A>(id: string): A | undefined => getBuiltinModule(id) as A | undefined
const none = () => undefined

const text = "an answer that is long enough for each coding to shorten it, to shorten it, to shorten it"

type Chunk = Uint8Array | string

/** A body that records its reads. An error instead of a chunk fails it. */
const source = (...chunks: ReadonlyArray<Chunk | Error>) => {
  const events: Array<string> = []
  const left = [...chunks]
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      events.push("pull")
      const chunk = left.shift()
      if (chunk === undefined) return controller.close()
      if (chunk instanceof Error) return controller.error(chunk)
      controller.enqueue(new Uint8Array(Buffer.from(chunk)))
    }
  }, { highWaterMark: 0 })
  return { events, stream }
}

const read = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text()

const decoded = (codings: ReadonlyArray<string>, ...chunks: ReadonlyArray<Chunk | Error>) =>
  read(decode(source(...chunks).stream, codings, ofNode))

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

/** Runs with `DecompressionStream` replaced by one that has some formats only, as runtimes differ. */
const withFormats = async <A>(formats: ReadonlyArray<string>, run: () => Promise<A> | A): Promise<A> => {
  const original = globalThis.DecompressionStream
  globalThis.DecompressionStream = class {
    constructor(format: string) {
      if (!formats.includes(format)) throw new TypeError("unknown format")
    }
  } as typeof DecompressionStream
  try {
    return await run()
  } finally {
    globalThis.DecompressionStream = original
  }
}

const divided = (bytes: Uint8Array, size: number): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))

describe("a content coding", () => {
  it("is supported by its whole name, and up to five are", () => {
    for (const codings of [[], ["gzip"], ["x-gzip"], ["deflate"], Array<string>(5).fill("gzip")]) {
      assert.isTrue(isSupported(codings, none), codings.join())
    }
    const others = [
      ["xgzip"],
      ["x-x-gzip"],
      ["gzip2"],
      ["x-deflate"],
      ["deflated"],
      ["compress"],
      ["gzip", "compress"],
      Array<string>(6).fill("gzip")
    ]
    for (const codings of others) assert.isFalse(isSupported(codings, none), codings.join())
  })

  it("br or zstd is supported where the runtime has a decoder", async () => {
    const zlib = { createBrotliDecompress: () => ({}), createZstdDecompress: () => ({}) }
    const stream = { Duplex: { toWeb: () => ({}) } }
    const runtimes: ReadonlyArray<readonly [modules: Readonly<Record<string, unknown>>, supported: string]> = [
      [{ "node:zlib": zlib, "node:stream": stream }, "br zstd"],
      [{ "node:zlib": { ...zlib, createZstdDecompress: undefined }, "node:stream": stream }, "br"],
      [{ "node:zlib": { ...zlib, createBrotliDecompress: undefined }, "node:stream": stream }, "zstd"],
      [{ "node:zlib": zlib }, ""],
      [{ "node:zlib": zlib, "node:stream": {} }, ""],
      [{ "node:zlib": zlib, "node:stream": { Duplex: {} } }, ""],
      [{ "node:stream": stream }, ""],
      [{}, ""]
    ]
    const supported = (modules: Readonly<Record<string, unknown>>) =>
      ["br", "zstd"].filter((coding) => isSupported([coding], <A>(id: string) => modules[id] as A | undefined))
        .join(" ")
    for (const [modules, expected] of runtimes) {
      assert.strictEqual(await withFormats([], () => supported(modules)), expected)
    }
    for (const [format, expected] of [["brotli", "br"], ["zstd", "zstd"]] as const) {
      assert.strictEqual(await withFormats([format], () => supported({})), expected)
    }
  })

  it("is decoded, however the body is divided into chunks", async () => {
    const bodies: ReadonlyArray<readonly [coding: string, bytes: Uint8Array]> = [
      ["gzip", gzipSync(text)],
      ["x-gzip", gzipSync(text)],
      ["br", brotliCompressSync(text)],
      ["deflate", deflateSync(text)],
      ["deflate", deflateRawSync(text)]
    ]
    for (const [coding, bytes] of bodies) {
      assert.strictEqual(await decoded([coding], bytes), text)
      assert.strictEqual(await decoded([coding], ...divided(bytes, 1).flatMap((one) => ["", one, ""])), text)
    }
    assert.strictEqual(await decoded(["deflate", "gzip"], gzipSync(deflateSync(text))), text)
  })

  it("does not apply to an empty body, nor to one without its magic number", async () => {
    for (const coding of ["gzip", "br", "deflate"]) {
      assert.strictEqual(await decoded([coding]), "")
      assert.strictEqual(await decoded([coding], "", ""), "")
    }
    for (const body of ["a", "text", "\x1ftext", "t\x8bext"]) {
      assert.strictEqual(await decoded(["gzip"], Buffer.from(body, "latin1")), Buffer.from(body, "latin1").toString())
    }
  })

  it("deflate has a frame only if the first two bytes are one", async () => {
    const stored = (first: number, content: string) => {
      const length = Buffer.alloc(4)
      length.writeUInt16LE(content.length)
      length.writeUInt16LE(0xffff ^ content.length, 2)
      return Buffer.concat([Uint8Array.of(first), length, Buffer.from(content)])
    }
    // (0x01 * 256 + 23) is a multiple of 31, as in a frame, and 0x08 has the method of one.
    const content = "of twenty-three bytes, x"
    assert.strictEqual(await decoded(["deflate"], stored(1, content)), content)
    assert.strictEqual(await decoded(["deflate"], stored(8, "abc"), stored(1, content)), `abc${content}`)
  })
})

describe("an error", () => {
  it("names a coding that is not supported, by its printable characters", async () => {
    const codings = ["gzip", "a\u0000\u007fb c~!", "é", "x".repeat(60)]
    const error = await failure(read(decode(source(text).stream, codings, ofNode)))
    assert(error instanceof ContentCodingError)
    const coding = `a??b c~!, ?, ${"x".repeat(27)}`
    assert.deepInclude({ ...error, message: error.message }, {
      name: "ContentCodingError",
      reason: "unknown",
      coding,
      message: `the content coding "${coding}" is not supported`
    })
    const late = await failure(withFormats([], () => decoded(["gzip"], gzipSync(text))))
    assert(late instanceof ContentCodingError)
    assert.deepStrictEqual([late.reason, late.coding], ["unknown", "gzip"])
  })

  it("states that a body is not in its coding", async () => {
    for (const coding of ["gzip", "br", "deflate"]) {
      const start = coding === "gzip" ? Uint8Array.of(0x1f, 0x8b) : Uint8Array.of(0xff, 0xff)
      const error = await failure(decoded([coding], start, text))
      assert(error instanceof ContentCodingError)
      assert.deepStrictEqual([error.reason, error.coding], ["invalid", coding])
      assert.strictEqual(error.message, `the body is not encoded in its content coding "${coding}"`)
    }
  })

  it("of the body is passed on", async () => {
    const broken = new Error("the connection was closed")
    const bytes = gzipSync(text)
    for (const start of [[], [bytes.subarray(0, 1)], [bytes.subarray(0, 2)], [bytes.subarray(0, 30)], ["plain"]]) {
      assert.strictEqual(await failure(decoded(["gzip"], ...start, broken)), broken)
      assert.strictEqual(await failure(decoded(["gzip", "gzip"], ...start, broken)), broken)
    }
  })
})

describe("a decoded body", () => {
  it("is read only as far as its result", async () => {
    const { events, stream } = source("first", "second")
    const reader = decode(stream, ["gzip"], ofNode).getReader()
    await Promise.resolve()
    assert.deepStrictEqual(events, [])
    assert.strictEqual(Buffer.from((await reader.read()).value ?? []).toString(), "first")
    assert.deepStrictEqual(events, ["pull"])
    await reader.read()
    assert.deepStrictEqual(events, ["pull", "pull"])
  })

  it("cancels its source, before it is read and after", async () => {
    for (const bytes of [gzipSync(text), text]) {
      for (const isRead of [false, true]) {
        let cancel: (reason: unknown) => void = () => undefined
        const cancelled = new Promise((resolve) => {
          cancel = resolve
        })
        // A body that does not end.
        const stream = new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new Uint8Array(Buffer.from(bytes))),
          cancel
        })
        const reader = decode(stream, ["gzip"], ofNode).getReader()
        if (isRead) await reader.read()
        await reader.cancel("enough")
        const reason = await cancelled
        if (!isRead || bytes === text) assert.strictEqual(reason, "enough")
      }
    }
  })
})
