// A newer Node than the one this runs on, where that is too old for what is tested on Effect 4: vitest 5, and Undici 8.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"

const version = "24.21.0"
const name = `node-${process.platform}-${process.arch}`
const home = join(import.meta.dirname, "..", "build", `node-${version}`)

/** The path of a Node that is 22 or newer: this one, or one that is installed into `build`; undefined where there is none. */
export const node24 = () => {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath
  const path = resolve(home, "node_modules", name, "bin", "node")
  if (!existsSync(path)) {
    const quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    spawnSync("npm", ["install", ...quiet, "--prefix", home, `${name}@${version}`], { stdio: "inherit" })
  }
  return existsSync(path) ? path : undefined
}
