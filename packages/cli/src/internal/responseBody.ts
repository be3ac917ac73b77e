/**
 * The body of a response on standard output: formatted if it is small, else as it arrives, in memory that does not depend on
 * its size.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import { harmless } from "./ansi.js"
import * as content from "./content.js"
import * as contentType from "./contentType.js"
import * as download from "./download.js"
import * as printing from "./printing.js"
import { Screen } from "./Screen.js"

/** The largest body that is formatted, in bytes. Formatting takes about 40 times as much memory. */
export const formatLimit = 500_000

/** Indents XML; returns other content unchanged. */
const indentedXml = (text: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const { default: formatter } = await import("xml-formatter")
    // Its types state a default export that it does not have.
    const format = formatter as unknown as typeof formatter.default
    try {
      return format(text, { collapseContent: true, lineSeparator: "\n" })
    } catch {
      return text
    }
  })

const isText = (begin: Uint8Array, type: string | undefined): boolean =>
  contentType.isText(type) || !begin.subarray(0, 1024).includes(0)

const formatted = (whole: Uint8Array, type: string | undefined, look: printing.Look) =>
  Effect.gen(function*() {
    const { isTerminal, print } = yield* Screen
    const decoded = contentType.decode(whole, type)
    const text = look.isFormatted && contentType.isXml(type) ? yield* indentedXml(decoded) : decoded
    yield* print(printing.body(isTerminal ? printing.harmlessBody(text) : text, type, look))
  })

/** Writes text as it arrives; on a terminal without its control characters. */
const written = (chunks: Stream.Stream<Uint8Array, unknown>, type: string | undefined) =>
  Effect.flatMap(Screen, ({ isTerminal, write }) =>
    isTerminal
      ? Stream.runForEach(content.texts(chunks, type), (text) => write(harmless(text)))
      : Stream.runForEach(chunks, write))

/** Binary content is not for terminals: only its size is shown. */
const measured = (chunks: Stream.Stream<Uint8Array, unknown>, type: string | undefined) =>
  Effect.gen(function*() {
    const { note } = yield* Screen
    const length = yield* Stream.runFold(chunks, 0, (sum, chunk) => sum + chunk.length)
    yield* note(`${download.size(length)} of ${type ?? "data"}: pass --download to save it.`)
  })

/** Shows the body of a response. */
export const show = (response: content.Received, look: printing.Look) =>
  Effect.scoped(Effect.gen(function*() {
    const { isTerminal, note } = yield* Screen
    const type = response.headers["content-type"]
    const chunks = content.decompressed(response)
    const isUnchanged = !look.isFormatted && !look.style.isColored
    if (content.arrivesInParts(type) || (!isTerminal && isUnchanged)) return yield* written(chunks, type)
    const [begin, rest] = yield* content.split(chunks, formatLimit)
    const all = Stream.concat(Stream.make(begin), rest)
    if (!isText(begin, type)) return yield* isTerminal ? measured(all, type) : written(all, type)
    if (begin.length <= formatLimit) return begin.length === 0 ? undefined : yield* formatted(begin, type, look)
    if (!isUnchanged) {
      yield* note(
        `The body is larger than ${download.size(formatLimit)} and is shown as it arrives, without formatting. ` +
          "Pass --output FILE to save it."
      )
    }
    yield* written(all, type)
  }))
