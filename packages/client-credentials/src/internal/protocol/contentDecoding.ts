/**
 * Decodes the content codings of responses (RFC 9110 section 8.4): gzip, deflate, br, and zstd where the runtime has it.
 *
 * Decoders of the platform are used, so there is no static import of Node. The module has no import at all: it is loaded with
 * the first encoded body, and a module that it shared with the rest would split a bundle into further files.
 */

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

interface NodeStreams {
  readonly Duplex?: { readonly toWeb?: (duplex: unknown) => Transformation }
}

type Transformation = ReadableWritablePair<Uint8Array, Uint8Array>

/** Returns a module of the runtime such as `node:zlib`; undefined if the runtime does not have it. */
type Builtin = <A>(id: string) => A | undefined

const ofNode = (builtin: Builtin, constructor: string): Transformation | undefined => {
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

const brotli = (builtin: Builtin): Transformation | undefined =>
  ofNode(builtin, "createBrotliDecompress") ?? ofPlatform("brotli")

const zstd = (builtin: Builtin): Transformation | undefined =>
  ofNode(builtin, "createZstdDecompress") ?? ofPlatform("zstd")

const isKnown = (builtin: Builtin, coding: string): boolean =>
  /^(x-)?gzip$|^deflate$/.test(coding) || (coding === "br" && brotli(builtin) !== undefined) ||
  (coding === "zstd" && zstd(builtin) !== undefined)

/** Returns the codings that cannot be decoded: all of them if they are too many. */
const unsupported = (builtin: Builtin, applied: ReadonlyArray<string>): ReadonlyArray<string> =>
  applied.length > maxCodings ? applied : applied.filter((coding) => !isKnown(builtin, coding))

/** Returns whether `decode` can decode a body with these codings. */
export const isSupported = (codings: ReadonlyArray<string>, builtin: Builtin): boolean =>
  unsupported(builtin, codings).length === 0

/** Returns the decoder of a coding for a body that starts with these bytes; `none` if it is not encoded. */
const decoder = (
  builtin: Builtin,
  coding: string,
  [first = 0, second = 0]: Uint8Array
): Transformation | "none" | undefined => {
  switch (coding) {
    case "br":
      return brotli(builtin)
    case "zstd":
      return zstd(builtin)
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
const decodeOne = (builtin: Builtin) => (body: Bytes, coding: string): Bytes => {
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
    const transformation = decoder(builtin, coding, head)
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
 * Decodes a body whose codings are listed in the order in which they were applied. The stream fails with a
 * `ContentCodingError` if a coding is unknown or the body is not encoded in it, and passes errors of the body on. Nothing is
 * read before the result is; the decoder of a coding may read ahead.
 */
export const decode = (body: Bytes, codings: ReadonlyArray<string>, builtin: Builtin): Bytes => {
  const unknown = unsupported(builtin, codings)
  if (unknown.length > 0) {
    const error = new ContentCodingError("unknown", unknown.join(", ").replace(/[^\x21-\x7e ]/g, "?").slice(0, 40))
    return new ReadableStream({ start: (controller) => controller.error(error) })
  }
  return codings.reduceRight(decodeOne(builtin), body)
}
