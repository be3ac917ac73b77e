/**
 * Files that only the user can access: mode 0600, in directories of mode 0700, written atomically.
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

/** Returns the content, or undefined if the file does not exist. */
export const read = (path: string): Effect.Effect<string | undefined, Failure> =>
  attempt(path, "read", async () => {
    try {
      // Opening a pipe waits for a writer, and no signal ends that.
      if ((await Fs.stat(path)).isFIFO()) throw Object.assign(new Error("It is a pipe."), { code: "EINVAL" })
      return await Fs.readFile(path, "utf8")
    } catch (error) {
      if (errorCode.of(error) === "ENOENT") return undefined
      throw error
    }
  })

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

/** The access of users other than the owner to a file. */
export interface Access {
  /** False also for a file without write permissions: it is from a read-only mount, by which containers receive secrets. */
  readonly othersRead: boolean
  /** True also if another user owns the file. */
  readonly othersWrite: boolean
}

/** Returns the access by the mode and the owner of the file. Windows has no such modes. */
export const accessOf = (
  { mode, uid }: { readonly mode: number; readonly uid: number },
  platform: NodeJS.Platform,
  user: number | undefined
): Access =>
  platform === "win32" ? { othersRead: false, othersWrite: false } : {
    othersRead: (mode & 0o044) !== 0 && (mode & 0o222) !== 0,
    othersWrite: (mode & 0o022) !== 0 || (user !== undefined && uid !== user && uid !== 0)
  }

/** Returns the access of other users, or undefined if the file does not exist. */
export const access = (path: string): Effect.Effect<Access | undefined> =>
  Effect.promise(() =>
    Fs.stat(path).then((found) => accessOf(found, process.platform, process.geteuid?.()), () => undefined)
  )

/** Returns true if other users may read the file; undefined if it does not exist. */
export const isOpen = (path: string): Effect.Effect<boolean | undefined> =>
  Effect.map(access(path), (found) => found?.othersRead)

export const names = (directory: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(() => Fs.readdir(directory).then((all) => all.sort(), () => []))
