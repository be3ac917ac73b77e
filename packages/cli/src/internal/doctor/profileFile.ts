/**
 * Atomic changes of the file of a profile, which keep its mode.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import * as errorCode from "../errorCode.js"
import { Failure } from "../Failure.js"
import type { Change } from "./change.js"
import { type Difference, edit } from "./profileEdit.js"

const failure = (path: string) => (error: unknown) =>
  new Failure({
    outcome: "file",
    message: `${path} could not be changed (${errorCode.of(error)}).`,
    remedy: "Check that it is yours."
  })

/** Writes a new file beside the target of links, and renames it to the target. */
const replace = async (path: string, text: string): Promise<void> => {
  const real = await Fs.realpath(path)
  const { mode } = await Fs.stat(real)
  const draft = `${real}.${randomUUID()}`
  try {
    await Fs.writeFile(draft, text, { flag: "wx", mode: 0o600 })
    await Fs.chmod(draft, mode & 0o777)
    await Fs.rename(draft, real)
  } catch (error) {
    await Fs.rm(draft, { force: true })
    throw error
  }
}

export const change = (path: string, changes: Change): Effect.Effect<ReadonlyArray<Difference>, Failure> =>
  Effect.gen(function*() {
    const text = yield* Effect.tryPromise({ try: () => Fs.readFile(path, "utf8"), catch: failure(path) })
    const edited = yield* Either.mapLeft(
      edit(text, changes),
      (message) => new Failure({ outcome: "file", message: `${path}: ${message}` })
    )
    yield* Effect.tryPromise({ try: () => replace(path, edited.text), catch: failure(path) })
    return edited.differences
  }).pipe(Effect.uninterruptible)
