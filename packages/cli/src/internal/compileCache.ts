/**
 * The compile cache of V8, from Node 22.1 on: in a directory of this user, because another user could prepare the default one in
 * the temporary directory. `NODE_DISABLE_COMPILE_CACHE=1` turns it off.
 */
import * as Module from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"

/** Returns the directory, or undefined for a user without a home. */
const directory = (): string | undefined => {
  const named = process.env["XDG_CACHE_HOME"]
  try {
    return join(named !== undefined && isAbsolute(named) ? named : join(homedir(), ".cache"), "effect-oauth")
  } catch {
    return undefined
  }
}

export const enable = (): void => {
  const { enableCompileCache } = Module as { readonly enableCompileCache?: (directory: string) => unknown }
  const path = enableCompileCache === undefined ? undefined : directory()
  if (path !== undefined) enableCompileCache?.(path)
}
