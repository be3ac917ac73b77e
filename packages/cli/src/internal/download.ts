/**
 * Downloads: a file exists under its name only when it is complete.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"

import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import type { Received } from "./content.js"
import * as errorCode from "./errorCode.js"
import { Failure } from "./Failure.js"
import type { Service as Screen } from "./Screen.js"

/** Shortens a name to 200 bytes: file systems allow 255, and a number may be added. */
const fitting = (name: string): string => {
  const { ext, name: stem } = Path.parse(name)
  const end = Buffer.byteLength(ext) > 50 ? "" : ext
  const characters = [...stem].slice(0, 200)
  while (characters.length > 1 && Buffer.byteLength(characters.join("") + end) > 200) characters.pop()
  return characters.join("") + end
}

const baseName = (text: string): string | undefined => {
  // A name from the server is always a file in this directory.
  const name = text.split(/[/\\]/).at(-1)?.replace(/[\x00-\x1f\x7f-\x9f]/g, "").replace(/^\.+/, "").trim()
  return name === undefined || name === "" ? undefined : fitting(name)
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Returns the name in `Content-Disposition` (RFC 6266), or else the last part of the path. */
export const fileName = (disposition: string | undefined, url: string): string => {
  const [, extended] = /filename\*\s*=\s*UTF-8''([^;]+)/i.exec(disposition ?? "") ?? []
  const [, quoted, bare] = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition ?? "") ?? []
  const named = extended === undefined ? quoted?.replace(/\\(.)/g, "$1") ?? bare : decoded(extended)
  return baseName(named ?? "") ?? baseName(decoded(new URL(url).pathname)) ?? "index"
}

/** `name`, then `name-1.ext`, `name-2.ext`. */
export const numbered = (name: string, count: number): string => {
  if (count === 0) return name
  const { ext, name: stem } = Path.parse(name)
  return `${stem}-${count}${ext}`
}

export const size = (bytes: number): string =>
  bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : bytes < 1e9
    ? `${(bytes / 1e6).toFixed(1)} MB`
    : `${(bytes / 1e9).toFixed(2)} GB`

/** Returns a progress bar, or the received size if the total is unknown. */
export const progress = (done: number, total: number | undefined, millis: number): string => {
  const rate = millis < 100 ? "" : ` ${size(Math.round(done / millis * 1000))}/s`
  if (total === undefined || total === 0) return `${size(done)}${rate}`
  const part = Math.min(1, done / total)
  const filled = Math.round(part * 30)
  return `${String(Math.floor(part * 100)).padStart(3)}% ${"█".repeat(filled)}${"░".repeat(30 - filled)} ${
    size(done)
  }${rate}`
}

const failed = (path: string) => (error: unknown) =>
  new Failure({
    outcome: "file",
    message: `${path} could not be written (${errorCode.of(error)}).`,
    remedy: "Check the directory and the space in it."
  })

interface Target {
  readonly directory: string
  readonly name: string
  /** True if it exists and cannot be replaced by a file: a device, a pipe. */
  readonly isSpecial: boolean
}

/** Compares the received size with the header, because an interrupted body may end as a complete stream does. */
const isShort = (
  { headers, request: { method }, status }: Received,
  arrived: number
): boolean =>
  method !== "HEAD" && status !== 304 && headers["content-encoding"] === undefined &&
  arrived < Number(headers["content-length"])

/** Resolves the named file: a link is kept, and its target is replaced. */
const resolved = async (output: string): Promise<Target> => {
  const path = await Fs.realpath(output).catch(() => output)
  const isSpecial = await Fs.stat(path).then((found) => !found.isFile(), () => false)
  return { directory: Path.dirname(path), name: Path.basename(path), isSpecial }
}

/** Renames the draft to the requested name, which is replaced, or to the next free one. */
const finish = async (draft: string, directory: string, name: string, replaces: boolean): Promise<string> => {
  if (replaces) {
    await Fs.rename(draft, Path.join(directory, name))
    return Path.join(directory, name)
  }
  for (let count = 0;; count += 1) {
    const path = Path.join(directory, numbered(name, count))
    try {
      await Fs.link(draft, path)
      return path
    } catch (error) {
      if (errorCode.of(error) !== "EEXIST") throw error
    }
  }
}

/** Returns the size of the file in a response that has no bytes at the offset. */
const sizeOf = ({ headers, status }: Received): number | undefined => {
  const [, found] = /^bytes\s*\*\s*\/\s*(\d+)$/i.exec(headers["content-range"] ?? "") ?? []
  return status !== 416 || found === undefined ? undefined : Number(found)
}

/** Returns true if the response reports that the file ends at this offset. */
export const isWhole = (response: Received, offset: number): boolean => sizeOf(response) === offset

/** Explains that the local file is longer than that of the server; undefined if it is not. */
export const excess = (response: Received, offset: number): string | undefined => {
  const found = sizeOf(response)
  return found === undefined || found >= offset
    ? undefined
    : `The local file has ${offset} bytes, more than the ${found} of the server, so it is another one. Download it ` +
      "without --continue."
}

/**
 * Appends the rest of the file to the existing part. If the response ends early, the received part is kept for the next
 * attempt. If the server sends the whole file, the file is replaced.
 */
export const append = (
  response: Received,
  { offset, output, url }: { readonly output: string; readonly offset: number; readonly url: string },
  screen: Screen
): Effect.Effect<string, unknown> =>
  Effect.gen(function*() {
    const isPart = response.status === 206
    const range = response.headers["content-range"] ?? ""
    if (isPart && Number(/^bytes\s+(\d+)-/i.exec(range)?.[1]) !== offset) {
      return yield* new Failure({
        outcome: "api",
        message: `${new URL(url).origin} sent another part than the one from byte ${offset} on.`,
        remedy: "Download it without --continue."
      })
    }
    const file = yield* Effect.acquireRelease(
      Effect.tryPromise({ try: () => Fs.open(output, isPart ? "a" : "w"), catch: failed(output) }),
      (open) => Effect.promise(() => open.close())
    )
    let done = 0
    yield* Stream.runForEach(response.stream, (chunk) =>
      Effect.gen(function*() {
        yield* Effect.tryPromise({ try: () => file.writeFile(chunk), catch: failed(output) })
        done += chunk.length
        screen.progress?.(size((isPart ? offset : 0) + done))
      })).pipe(Effect.ensuring(Effect.sync(() => screen.progress?.(""))))
    if (isShort(response, done)) {
      return yield* new Failure({
        outcome: "api",
        message: `The response of ${new URL(url).origin} ended before it was whole.`,
        remedy: "Run it again with --continue."
      })
    }
    yield* screen.note(`${output}: ${size((isPart ? offset : 0) + done)}`)
    return output
  }).pipe(Effect.scoped)

export const save = (
  response: Received,
  { output, url }: { readonly output: string | undefined; readonly url: string },
  screen: Screen
): Effect.Effect<string, unknown> =>
  Effect.gen(function*() {
    const { directory, isSpecial, name } = output === undefined
      ? { directory: ".", isSpecial: false, name: fileName(response.headers["content-disposition"], url) }
      : yield* Effect.promise(() => resolved(output))
    const draft = Path.join(directory, isSpecial ? name : `.effect-oauth-${randomUUID()}.part`)
    const length = Number(response.headers["content-length"])
    const total = Number.isSafeInteger(length) && length > 0 ? length : undefined
    const begun = yield* Clock.currentTimeMillis
    let [done, shown] = [0, ""]

    const file = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () => Fs.open(draft, isSpecial ? "w" : "wx"),
        catch: failed(output ?? Path.join(directory, name))
      }),
      (open) => Effect.promise(() => open.close().then(() => isSpecial ? undefined : Fs.rm(draft, { force: true })))
    )
    yield* Stream.runForEach(response.stream, (chunk) =>
      Effect.gen(function*() {
        yield* Effect.tryPromise({ try: () => file.writeFile(chunk), catch: failed(draft) })
        done += chunk.length
        const line = progress(done, total, (yield* Clock.currentTimeMillis) - begun)
        if (line !== shown) screen.progress?.(line)
        shown = line
      })).pipe(Effect.ensuring(Effect.sync(() => screen.progress?.(""))))
    if (isShort(response, done)) {
      return yield* new Failure({
        outcome: "api",
        message: `The response of ${new URL(url).origin} is incomplete. Try again.`
      })
    }
    const path = isSpecial ? draft : yield* Effect.tryPromise({
      try: () => finish(draft, directory, name, output !== undefined),
      catch: failed(Path.join(directory, name))
    }).pipe(Effect.uninterruptible)
    yield* screen.note(`${output ?? path}: ${size(done)}`)
    return path
  }).pipe(Effect.scoped)
