/**
 * The code cache of V8, in files of this user: a cached program is not compiled again, which is most of the time of a command.
 * A process that writes such a file determines what this program does, so only files and directories of this user are used
 * that others cannot write to. The cache is optional: without a usable file the program is compiled, and the file is
 * written again; a directory that cannot be used is reported.
 * `NODE_DISABLE_COMPILE_CACHE=1` turns it off, as it does for that of Node.
 */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import { homedir } from "node:os"
import * as Path from "node:path"

import * as errorCode from "./errorCode.js"

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the directory by the variables of the platform; undefined if the cache is off, or the user has no home. */
export const directory = (
  environment: Environment,
  home: () => string,
  platform: NodeJS.Platform
): string | undefined => {
  if ((environment["NODE_DISABLE_COMPILE_CACHE"] ?? "") !== "") return undefined
  const { isAbsolute, join } = platform === "win32" ? Path.win32 : Path.posix
  const named = [environment["XDG_CACHE_HOME"], platform === "win32" ? environment["LOCALAPPDATA"] : undefined]
    .find((value) => value !== undefined && isAbsolute(value))
  try {
    const base = named ?? join(home(), ...(platform === "win32" ? ["AppData", "Local"] : [".cache"]))
    return isAbsolute(base) ? join(base, "effect-oauth") : undefined
  } catch {
    return undefined
  }
}

/** Returns the directory of this process. */
export const here = (): string | undefined => directory(process.env, homedir, process.platform)

/** Returns true if only this user can write. Windows has no such modes; its directory is below that of the user. */
const isOwn = ({ mode, uid }: Fs.Stats): boolean => {
  const user = process.geteuid?.()
  return user === undefined || (uid === user && (mode & 0o022) === 0)
}

const isOwnDirectory = (path: string): boolean => {
  const found = Fs.lstatSync(path)
  return found.isDirectory() && isOwn(found)
}

const writeError = (path: string): string | undefined => {
  try {
    Fs.accessSync(path, Fs.constants.W_OK)
    return undefined
  } catch (error) {
    return errorCode.of(error)
  }
}

const elsewhere = "Set XDG_CACHE_HOME to a directory that you own"

/** Returns the reason why the directory cannot be used, with the change; undefined if it can be. */
export const problem = (directory: string): { readonly reason: string; readonly remedy: string } | undefined => {
  const state = (path: string) => Fs.lstatSync(path, { throwIfNoEntry: false })
  try {
    const found = state(directory)
    if (found?.isDirectory() === false) return { reason: "is not a directory", remedy: `Remove ${directory}` }
    const parent = Path.dirname(directory)
    // As by sudo, the home may be that of another user.
    const user = process.geteuid?.()
    const owner = (found ?? Fs.statSync(parent, { throwIfNoEntry: false }))?.uid ?? user
    if (owner !== user) {
      const reason = found === undefined ? "would be in a directory of" : "belongs to"
      return { reason: `${reason} another user (${owner})`, remedy: elsewhere }
    }
    if (found !== undefined && !isOwn(found)) {
      return { reason: "can be changed by other users", remedy: `Run chmod go-w ${directory}` }
    }
    const code = writeError(
      found !== undefined ? directory : state(parent) === undefined ? Path.dirname(parent) : parent
    )
    return code === undefined ? undefined : { reason: `cannot be written (${code})`, remedy: elsewhere }
  } catch (error) {
    return { reason: `cannot be read (${errorCode.of(error)})`, remedy: elsewhere }
  }
}

/** V8 does not check what it reads: the digest covers the source and the data, and V8 belongs to the version of Node. */
const digestOf = (source: Buffer, data: Uint8Array): Buffer =>
  createHash("sha256").update(`${process.version} ${process.arch} ${source.length}\n`).update(source).update(data)
    .digest()

const digestLength = 32
const maxBytes = 16_777_216

/** Returns the data for a source; undefined unless it was written for that source by this user. */
export const read = (directory: string, name: string, source: Buffer): Buffer | undefined => {
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = Fs.constants
  try {
    if (!isOwnDirectory(directory)) return undefined
    const file = Fs.openSync(Path.join(directory, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const found = Fs.fstatSync(file)
      if (!found.isFile() || !isOwn(found) || found.size > maxBytes) return undefined
      const content = Fs.readFileSync(file)
      const data = content.subarray(digestLength)
      return digestOf(source, data).equals(content.subarray(0, digestLength)) ? data : undefined
    } finally {
      Fs.closeSync(file)
    }
  } catch {
    return undefined
  }
}

const unlessThere = (make: () => void): void => {
  try {
    make()
  } catch (error) {
    if (errorCode.of(error) !== "EEXIST") throw error
  }
}

const makeDirectory = (directory: string): void => {
  unlessThere(() => Fs.mkdirSync(Path.dirname(directory), { mode: 0o700 }))
  unlessThere(() => Fs.mkdirSync(directory, { mode: 0o700 }))
}

/** Age in milliseconds from which a draft is that of a process that ended while it wrote. */
const oldDraft = 60_000

/** Writes the file whole, or not at all. While another process writes it, returns without an effect. */
export const write = (directory: string, name: string, source: Buffer, data: Uint8Array): void => {
  const draft = Path.join(directory, `${name}.draft`)
  try {
    if (problem(directory) !== undefined) return
    makeDirectory(directory)
    if (!isOwnDirectory(directory)) return
    if (Date.now() - (Fs.lstatSync(draft, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > oldDraft) Fs.rmSync(draft)
    const file = Fs.openSync(draft, "wx", 0o600)
    try {
      Fs.writeFileSync(file, Buffer.concat([digestOf(source, data), data]))
      Fs.closeSync(file)
      Fs.renameSync(draft, Path.join(directory, name))
    } catch (error) {
      Fs.rmSync(draft, { force: true })
      throw error
    }
  } catch {
    // The next command compiles the program again.
  }
}
