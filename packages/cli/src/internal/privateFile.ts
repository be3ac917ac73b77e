/**
 * Files that only the user can access: mode 0600, in directories of mode 0700, written atomically.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import { homedir } from "node:os"
import * as Path from "node:path"

import * as Effect from "effect/Effect"

import * as errorCode from "./errorCode.js"
import { Failure } from "./Failure.js"
import * as trust from "./trust.js"

const failure = (message: string, remedy: string): Failure => new Failure({ outcome: "file", message, remedy })

const attempt = <A>(path: string, doing: string, run: () => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({
    try: run,
    catch: (error) =>
      failure(
        `${path} could not be ${doing} (${errorCode.of(error)}).`,
        doing === "read"
          ? "Check that it is a file, and that you may read it."
          : "Check that the directory exists and is yours."
      )
  })

/** Returns the content, or undefined if the file does not exist. Fails if the target of a link does not exist. */
export const read = (path: string): Effect.Effect<string | undefined, Failure> =>
  attempt(path, "read", async () => {
    try {
      // Opening a pipe waits for a writer, and no signal ends that.
      if ((await Fs.stat(path)).isFIFO()) throw Object.assign(new Error("It is a pipe."), { code: "EINVAL" })
      return { text: await Fs.readFile(path, "utf8") }
    } catch (error) {
      if (errorCode.of(error) !== "ENOENT") throw error
      return { target: await Fs.readlink(path).catch(() => undefined) }
    }
  }).pipe(Effect.flatMap(({ target, text }) =>
    target === undefined
      ? Effect.succeed(text)
      : failure(`${path} is a link to ${target}, which does not exist.`, "Correct the link, or remove it.")
  ))

/** Creates each directory separately: with `recursive`, Node never ends where no directory can be created, as in `/proc`. */
const makeDirectory = async (path: string): Promise<void> => {
  const make = () => Fs.mkdir(path, { mode: 0o700 })
  const unlessThere = (error: unknown) => {
    if (errorCode.of(error) !== "EEXIST") throw error
  }
  const parent = Path.dirname(path)
  await make().catch(async (error: unknown) => {
    if (errorCode.of(error) !== "ENOENT" || parent === path) return unlessThere(error)
    await makeDirectory(parent)
    await make().catch(unlessThere)
  })
}

const draft = async (path: string, text: string): Promise<string> => {
  await makeDirectory(Path.dirname(path))
  const name = `${path}.${randomUUID()}`
  await Fs.writeFile(name, text, { flag: "wx", mode: 0o600 })
  return name
}

/** Writes the file, and replaces an existing one. */
export const write = (path: string, text: string): Effect.Effect<void, Failure> =>
  attempt(path, "written", async () => {
    const name = await draft(path, text)
    await Fs.rename(name, path).catch(async (error: unknown) => {
      await Fs.rm(name, { force: true })
      throw error
    })
  }).pipe(Effect.uninterruptible)

/** Creates the file if it does not exist, and returns its content: the same for all concurrent callers. */
export const readOrMake = (path: string, text: () => string): Effect.Effect<string, Failure> =>
  Effect.flatMap(
    read(path),
    (found) =>
      found !== undefined ? Effect.succeed(found) : attempt(path, "written", async () => {
        const name = await draft(path, text())
        // Creating the link fails if another process was first.
        await Fs.link(name, path).catch((error: unknown) => {
          if (errorCode.of(error) !== "EEXIST") throw error
        }).finally(() => Fs.rm(name, { force: true }))
        return Fs.readFile(path, "utf8")
      })
  ).pipe(Effect.uninterruptible)

/** Returns true if others may read the file; undefined if it does not exist. */
export const isOpen = (path: string): Effect.Effect<boolean | undefined> =>
  Effect.promise(() => Fs.stat(path).then((found) => trust.othersRead(found, process.platform), () => undefined))

const home = async (): Promise<string | undefined> => {
  try {
    return await Fs.realpath(homedir())
  } catch {
    return undefined
  }
}

/** Returns the first file or directory on the way to the file by which another user can change it. */
export const changeable = (path: string): Effect.Effect<trust.Changeable | undefined> =>
  Effect.promise(async () => {
    const real = await Fs.realpath(path).catch(() => path)
    const end = await home()
    const directories = new Set([path, real].flatMap((one) => trust.directories(one, [end, homedir()])))
    const entries: Array<trust.Entry> = []
    for (const one of [real, ...directories]) {
      const found = await Fs.lstat(one).catch(() => undefined)
      if (found === undefined) continue
      const { gid, mode, uid } = found
      entries.push({ path: one, uid, gid, mode, isDirectory: one !== real, isLink: found.isSymbolicLink() })
    }
    return trust.changeable(entries, process.platform, process.geteuid?.())
  })

export const names = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() => Fs.readdir(directory).then((all) => all.sort(), () => []))
