/**
 * Trust in a file by modes and owners, as ssh checks its files (StrictModes): neither the file nor a directory on the way to it
 * can be changed by another user. Windows has no such modes.
 */
import { dirname } from "node:path"

export interface Entry {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly isDirectory: boolean
  /** The mode of a link does not count. */
  readonly isLink: boolean
}

/** A file or directory that another user can change. */
export interface Changeable extends Entry {
  /** True if that user owns it; otherwise its mode allows it. */
  readonly isForeign: boolean
}

/**
 * Returns true if others may read the file. False for a file without write permissions: it is from a read-only mount, by which
 * containers receive secrets.
 */
export const othersRead = ({ mode }: Pick<Entry, "mode">, platform: NodeJS.Platform): boolean =>
  platform !== "win32" && (mode & 0o044) !== 0 && (mode & 0o222) !== 0

/** In a directory with the sticky bit, such as /tmp, others cannot replace a file. */
const isSticky = ({ isDirectory, mode }: Entry): boolean => isDirectory && (mode & 0o1000) !== 0

/** The group of a user alone has the number of the user, on systems that create one for each user. */
const isOwnGroup = ({ gid, isDirectory, uid }: Entry): boolean => isDirectory && uid !== 0 && gid === uid

const othersWrite = (entry: Entry): boolean =>
  !entry.isLink && !isSticky(entry) && (entry.mode & (isOwnGroup(entry) ? 0o002 : 0o022)) !== 0

/** Returns the first entry that another user can change. Entries of root are trusted. */
export const changeable = (
  entries: ReadonlyArray<Entry>,
  platform: NodeJS.Platform,
  user: number | undefined
): Changeable | undefined => {
  if (platform === "win32") return undefined
  for (const entry of entries) {
    const isForeign = user !== undefined && entry.uid !== user && entry.uid !== 0
    if (isForeign || othersWrite(entry)) return { ...entry, isForeign }
  }
  return undefined
}

/** Returns the directories on the way to the file, up to the home directory, or to the root for a file elsewhere. */
export const directories = (path: string, homes: ReadonlyArray<string | undefined>): ReadonlyArray<string> => {
  const parent = dirname(path)
  return parent === path ? [] : homes.includes(parent) ? [parent] : [parent, ...directories(parent, homes)]
}

/** Returns the problem with the file at this path, and its remedy. */
export const inWords = (
  path: string,
  { isDirectory, isForeign, path: changed, uid }: Changeable
): { readonly message: string; readonly remedy: string } => {
  if (!isDirectory) {
    return isForeign
      ? {
        message: `${path} belongs to another user (${uid}), who can change it.`,
        remedy: "Check its content, and replace it by a copy that you own."
      }
      : {
        message: `${path} can be changed by other users.`,
        remedy: `Check its content, then run chmod 600 ${path} as its owner.`
      }
  }
  return isForeign
    ? {
      message: `${path} can be replaced by another user (${uid}), who owns ${changed}.`,
      remedy: "Move it to a directory that you own; XDG_CONFIG_HOME and XDG_STATE_HOME name others."
    }
    : {
      message: `${path} can be replaced by other users, who can change ${changed}.`,
      remedy: `Check its content, then run chmod go-w ${changed}.`
    }
}
