/**
 * Files for the user alone: 0600, in directories of 0700, whole or not there at all.
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"

import * as Effect from "effect/Effect"

import * as errorCode from "./errorCode.js"
import { Failure } from "./Failure.js"

const attempt = <A>(path: string, doing: string, run: () => Promise<A>): Effect.Effect<A, Failure> =>
  Effect.tryPromise({
    try: run,
    catch: (error) =>
      new Failure({
        outcome: "file",
        message: `${path} could not be ${doing} (${errorCode.of(error)}).`,
        remedy: "Check that the directory exists and is yours."
      })
  })

/** The text, or undefined where there is no such file. */
export const read = (path: string): Effect.Effect<string | undefined, Failure> =>
  attempt(path, "read", () =>
    Fs.readFile(path, "utf8").catch((error: unknown) => {
      if (errorCode.of(error) === "ENOENT") return undefined
      throw error
    }))

/** Each by itself: told to make all of them, Node tries for ever where nobody can make one, as in `/proc`. */
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

/** Replaces the file if there is one. */
export const write = (path: string, text: string): Effect.Effect<void, Failure> =>
  attempt(path, "written", async () => {
    const name = await draft(path, text)
    await Fs.rename(name, path).catch(async (error: unknown) => {
      await Fs.rm(name, { force: true })
      throw error
    })
  }).pipe(Effect.uninterruptible)

/** Makes the file unless there is one, and gives what is in it: the same to all who do this at once. */
export const readOrMake = (path: string, text: () => string): Effect.Effect<string, Failure> =>
  Effect.flatMap(
    read(path),
    (found) =>
      found !== undefined ? Effect.succeed(found) : attempt(path, "written", async () => {
        const name = await draft(path, text())
        // A link is made only once.
        await Fs.link(name, path).catch((error: unknown) => {
          if (errorCode.of(error) !== "EEXIST") throw error
        }).finally(() => Fs.rm(name, { force: true }))
        return Fs.readFile(path, "utf8")
      })
  ).pipe(Effect.uninterruptible)

/** What others than its owner can do with a file. */
export interface Access {
  /** A file that nobody can write is one of a read-only mount, as containers get their secrets: then it is false. */
  readonly othersRead: boolean
  /** Also when it is theirs. */
  readonly othersWrite: boolean
}

/** By the mode and the owner of the file; Windows has no such modes. */
export const accessOf = (
  { mode, uid }: { readonly mode: number; readonly uid: number },
  platform: NodeJS.Platform,
  user: number | undefined
): Access =>
  platform === "win32" ? { othersRead: false, othersWrite: false } : {
    othersRead: (mode & 0o044) !== 0 && (mode & 0o222) !== 0,
    othersWrite: (mode & 0o022) !== 0 || (user !== undefined && uid !== user && uid !== 0)
  }

/** Undefined where there is no such file. */
export const access = (path: string): Effect.Effect<Access | undefined> =>
  Effect.promise(() =>
    Fs.stat(path).then((found) => accessOf(found, process.platform, process.geteuid?.()), () => undefined)
  )

/** Whether others than its owner may read it; undefined where there is no such file. */
export const isOpen = (path: string): Effect.Effect<boolean | undefined> =>
  Effect.map(access(path), (found) => found?.othersRead)

export const names = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() => Fs.readdir(directory).then((all) => all.sort(), () => []))
