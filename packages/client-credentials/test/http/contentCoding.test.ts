import { readFileSync } from "node:fs"
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib"

import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"

import * as body from "../../src/internal/http/body.js"
import * as contentCoding from "../../src/internal/http/contentCoding.js"
import { version } from "../../src/internal/http/version.js"

const text = JSON.stringify({ access_token: "t0k3n", token_type: "Bearer" })

/** Returns a response of a transport that does not decode: it is constructed, so it has no URL. */
const response = (bytes: Uint8Array, coding: string) =>
  HttpClientResponse.fromWeb(
    HttpClientRequest.get("https://auth.example.com"),
    new Response(new Uint8Array(bytes), { headers: { "content-encoding": coding } })
  )

const read = (bytes: Uint8Array, coding: string, limit = 1000) =>
  Effect.map(body.textWithin(response(bytes, coding), limit), Option.getOrUndefined)

describe("content codings", () => {
  for (
    const [coding, bytes] of [
      ["gzip", gzipSync(text)],
      ["GZIP", gzipSync(text)],
      ["x-gzip", gzipSync(text)],
      ["br", brotliCompressSync(text)],
      ["deflate", deflateSync(text)],
      ["deflate", deflateRawSync(text)],
      ["gzip, br", brotliCompressSync(gzipSync(text))],
      ["deflate,identity , gzip", gzipSync(deflateSync(text))],
      ["gzip", Buffer.from(text)],
      ["identity", Buffer.from(text)]
    ] as const
  ) {
    it.effect(`decode ${coding} that begins with ${bytes.subarray(0, 2).toString("hex")}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* read(bytes, coding), text)
      }))
  }

  it.effect("leave an empty body empty", () =>
    Effect.gen(function*() {
      for (const coding of ["gzip", "br", "deflate"]) assert.strictEqual(yield* read(Buffer.alloc(0), coding), "")
    }))

  for (const [coding, compress] of Object.entries({ gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync })) {
    it.effect(`count the decoded size of ${coding} against the limit`, () =>
      Effect.gen(function*() {
        assert.isUndefined(yield* read(compress(Buffer.alloc(50_000_000)), coding, 10_000))
      }))

    it.effect(`fail on ${coding} that is truncated or invalid`, () =>
      Effect.gen(function*() {
        for (
          const bytes of [
            compress(text).subarray(0, 12),
            Buffer.concat([compress(text).subarray(0, 6), Buffer.from(text)])
          ]
        ) {
          const error = yield* Effect.flip(read(bytes, coding))
          assert(contentCoding.isCodingError(error))
          assert.strictEqual(error.reason, "invalid")
        }
      }))
  }

  it.effect("name a coding that is not supported", () =>
    Effect.gen(function*() {
      for (const coding of ["compress", "gzip, compress"]) {
        const error = yield* Effect.flip(read(Buffer.from(text), coding))
        assert.include(error.message, "\"compress\" is not supported")
      }
      const many = yield* Effect.flip(read(Buffer.from(text), Array(6).fill("gzip").join(",")))
      assert.include(many.message, "is not supported")
    }))
})

it("the version in the User-Agent is that of the package", () => {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  assert.strictEqual(version, (JSON.parse(text) as { readonly version: string }).version)
})
