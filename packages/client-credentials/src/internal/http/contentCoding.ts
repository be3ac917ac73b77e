/**
 * Decodes the content codings of responses (RFC 9110 section 8.4): gzip, deflate, br, and zstd where the runtime has it.
 *
 * `fetch` decodes by itself and may leave the header; Undici and node:http do not decode. Decoders of the platform are
 * used, so there is no static import of Node.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"

import { builtin } from "../protocol/platformModule.js"
import { sourceOf } from "./transportResponse.js"

/** Error of a body whose coding is not supported, or that is not encoded in its coding. */
export class ContentCodingError extends Error {
  override readonly name = "ContentCodingError"
  constructor(readonly reason: "unknown" | "invalid", readonly coding: string) {
    super(
      reason === "unknown"
        ? `the content coding "${coding}" is not supported`
        : `the body is not encoded in its content coding "${coding}"`
    )
  }
}

type Bytes = ReadableStream<Uint8Array>

/** Maximum number of codings, so that a header cannot cause unbounded work. */
const maxCodings = 5

/** Returns the codings of a body in the order in which they were applied, without `identity`. */
export const codings = (header: string | undefined): ReadonlyArray<string> =>
  (header ?? "").split(",").map((coding) => coding.trim().toLowerCase()).filter((coding) =>
    coding !== "" && coding !== "identity"
  )

interface NodeStreams {
  readonly Duplex?: { readonly toWeb?: (duplex: unknown) => Transformation }
}

type Transformation = ReadableWritablePair<Uint8Array, Uint8Array>

const ofNode = (constructor: string): Transformation | undefined => {
  const make = builtin<Readonly<Record<string, unknown>>>("node:zlib")?.[constructor]
  const { Duplex } = builtin<NodeStreams>("node:stream") ?? {}
  return typeof make === "function" && Duplex?.toWeb !== undefined ? Duplex.toWeb(make()) : undefined
}

const ofPlatform = (format: string): Transformation | undefined => {
  try {
    return new DecompressionStream(format as CompressionFormat) as Transformation
  } catch {
    return undefined
  }
}

/** Returns whether data has the zlib frame (RFC 1950 section 2.2). Some servers send `deflate` without it. */
const isZlib = (first: number, second: number): boolean => (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0

const brotli = (): Transformation | undefined => ofNode("createBrotliDecompress") ?? ofPlatform("brotli")

const zstd = (): Transformation | undefined => ofNode("createZstdDecompress") ?? ofPlatform("zstd")

const isKnown = (coding: string): boolean =>
  /^(x-)?gzip$|^deflate$/.test(coding) || (coding === "br" && brotli() !== undefined) ||
  (coding === "zstd" && zstd() !== undefined)

/** Returns the codings of the header that cannot be decoded: all of them if they are too many. */
const unsupported = (header: string | undefined): ReadonlyArray<string> => {
  const applied = codings(header)
  return applied.length > maxCodings ? applied : applied.filter((coding) => !isKnown(coding))
}

/** Returns whether `decode` can decode a body with this header. */
export const isSupported = (header: string | undefined): boolean => unsupported(header).length === 0

/** Returns the decoder of a coding for a body that starts with these bytes; `none` if it is not encoded. */
const decoder = (coding: string, [first = 0, second = 0]: Uint8Array): Transformation | "none" | undefined => {
  switch (coding) {
    case "br":
      return brotli()
    case "zstd":
      return zstd()
    case "deflate":
      return ofPlatform(isZlib(first, second) ? "deflate" : "deflate-raw")
    default:
      // A body without the magic number was decoded on the way, and the header was not removed.
      return first === 0x1f && second === 0x8b ? ofPlatform("gzip") : "none"
  }
}

/** Marks an error of the transport, which is not a problem of the coding. */
class Upstream {
  constructor(readonly error: unknown) {}
}

/** Decodes one coding, determined by the first two bytes; an empty body has no coding. */
const decodeOne = (body: Bytes, coding: string): Bytes => {
  const reader = body.getReader()
  const read = () =>
    reader.read().catch((error: unknown) => {
      throw new Upstream(error)
    })
  let decoded: ReadableStreamDefaultReader<Uint8Array> | undefined
  let failure: unknown

  const start = async (): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    let isDone = false
    while (size < 2 && !isDone) {
      const { done, value } = await read()
      isDone = done
      if (value !== undefined && value.length > 0) {
        chunks.push(value)
        size += value.length
      }
    }
    const rest: Bytes = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const chunk = chunks.shift()
        if (chunk !== undefined) return controller.enqueue(chunk)
        if (isDone) return controller.close()
        try {
          const { done, value } = await read()
          isDone = done
          return done ? controller.close() : controller.enqueue(value)
        } catch (error) {
          failure = error
          throw error
        }
      },
      cancel: (reason) => reader.cancel(reason)
    }, { highWaterMark: 0 })
    if (size === 0) return rest.getReader()
    const head = new Uint8Array([...chunks.flatMap((chunk) => [...chunk.subarray(0, 2)])])
    const transformation = decoder(coding, head)
    if (transformation === undefined) throw new ContentCodingError("unknown", coding)
    return (transformation === "none" ? rest : rest.pipeThrough(transformation)).getReader()
  }

  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        decoded ??= await start()
        const { done, value } = await decoded.read()
        return done ? controller.close() : controller.enqueue(value)
      } catch (error) {
        const cause = failure ?? error
        throw cause instanceof Upstream
          ? cause.error
          : cause instanceof ContentCodingError
          ? cause
          : new ContentCodingError("invalid", coding)
      }
    },
    cancel: (reason) => decoded === undefined ? reader.cancel(reason) : decoded.cancel(reason)
  }, { highWaterMark: 0 })
}

/**
 * Decodes a body by its `Content-Encoding` header. The stream fails with a `ContentCodingError` if a coding is unknown or the
 * body is not encoded in it, and passes errors of the body on. The body is read only as far as the result.
 */
export const decode = (body: Bytes, header: string | undefined): Bytes => {
  const unknown = unsupported(header)
  if (unknown.length > 0) {
    const error = new ContentCodingError("unknown", unknown.join(", ").replace(/[^\x21-\x7e ]/g, "?").slice(0, 40))
    return new ReadableStream({ start: (controller) => controller.error(error) })
  }
  return codings(header).reduceRight(decodeOne, body)
}

/**
 * Returns whether the transport decoded the body. `fetch` does, and only responses from the network have a URL: a `Response`
 * that a program constructed was not decoded.
 */
export const isDecoded = (response: HttpClientResponse.HttpClientResponse): boolean => {
  if ("isDecoded" in response && typeof response.isDecoded === "boolean") return response.isDecoded
  const source = sourceOf(response)
  // Detected by its tag: a program may use a `fetch` other than the global one, such as that of Undici.
  return typeof source === "object" && source !== null &&
    Object.prototype.toString.call(source) === "[object Response]" &&
    "url" in source && source.url !== ""
}
