/**
 * The JavaScript runtimes of the measures: the one of this process, and those that `npm run pack-test` has installed.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

export interface Runtime {
  readonly id: string
  readonly title: string
  /** The path of its program; undefined if it is not installed. */
  readonly path: string | undefined
}

const installed = (path: string): string | undefined => {
  const found = fileURLToPath(new URL(`../../../build/pack-test/node_modules/${path}`, import.meta.url))
  return existsSync(found) ? found : undefined
}

export const workerd: string | undefined = installed(".bin/workerd")

const major = Number(process.versions.node.split(".")[0])

const node = (of: number): Runtime => ({
  id: `node-${of}`,
  title: `Node.js ${of}`,
  path: of === major ? process.execPath : installed(`node-${of}/bin/node`)
})

export const runtimes: ReadonlyArray<Runtime> = [
  ...[20, 22, 24].map(node),
  { id: "bun", title: "Bun", path: installed(".bin/bun") }
]
