/**
 * Loads the CommonJS files of the bundle with the code cache.
 */
import { readFileSync } from "node:fs"
import { createRequire, wrap } from "node:module"
import { basename, dirname, join } from "node:path"
import { Script } from "node:vm"

import * as codeCache from "./codeCache.js"

type Require = (id: string) => unknown

type Compiled = (
  exports: object,
  require: Require,
  module: { readonly exports: object },
  path: string,
  directory: string
) => void

/** Compiles a file, or takes the cached code of this name. The cache receives the functions that run until the process ends. */
const compile = (path: string, name: string): Compiled => {
  const place = codeCache.here()
  const source = readFileSync(path)
  const cachedData = place === undefined ? undefined : codeCache.read(place, name, source)
  const script = new Script(wrap(source.toString("utf8")), {
    filename: path,
    ...(cachedData === undefined ? {} : { cachedData })
  })
  if (place !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    process.once("exit", () => codeCache.write(place, name, source, script.createCachedData()))
  }
  return script.runInThisContext() as Compiled
}

const loaded = new Map<string, object>()

/** Returns the exports of a file, which may require the files beside it. */
export const load = (path: string, name = basename(path, ".cjs")): object => {
  const found = loaded.get(path)
  if (found !== undefined) return found
  const module = { exports: {} }
  loaded.set(path, module.exports)
  const require = createRequire(path)
  const beside: Require = (id) => id.startsWith("./") ? load(join(dirname(path), id)) : require(id)
  compile(path, name)(module.exports, beside, module, path, dirname(path))
  loaded.set(path, module.exports)
  return module.exports
}
