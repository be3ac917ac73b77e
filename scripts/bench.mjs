// `npm run bench`: compiles, generates the packages for Effect 4 and measures both majors beside their peers, all on one
// Node: this one, or a newer one where this one is too old for the HTTP client of Effect 4. Arguments go to the benchmarks.
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { join } from "node:path"

import { node24 } from "./node24.mjs"

const run = (command, args) => {
  const { error, status } = spawnSync(command, args, { stdio: "inherit" })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const tsc = createRequire(join(process.cwd(), "package.json")).resolve("typescript/bin/tsc")
run(process.execPath, [tsc, "-b"])
run(process.execPath, [join("scripts", "effect4.mjs")])

const node = node24()
if (node === undefined) {
  console.error("The benchmarks need Node 22 or newer, and there is none for this machine.")
  process.exit(1)
}
// A young generation so large that the calls of one contender are not interrupted by the garbage of another.
const flags = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"]
run(node, [...flags, join("packages", "benchmarks", "dist", "main.js"), ...process.argv.slice(2)])
