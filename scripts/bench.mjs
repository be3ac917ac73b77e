// `npm run bench`: compiles, generates the packages for Effect 4 and measures both majors beside their peers, as they are
// published, all on one Node: this one, or a newer one where this one is too old for the HTTP client of Effect 4. Arguments go
// to the benchmarks.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, resolve } from "node:path"

import { assemble } from "./assemble.mjs"
import { node24 } from "./node24.mjs"

const run = (command, args) => {
  const { error, status } = spawnSync(command, args, { stdio: "inherit" })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const tsc = createRequire(join(process.cwd(), "package.json")).resolve("typescript/bin/tsc")
run(process.execPath, [tsc, "-b"])
run(process.execPath, [join("scripts", "effect4.mjs")])

// The programs run beside the published packages. What they write (results, pages), and what they read besides (the programs of
// the first call, versions of peers, installed runtimes), stays in this workspace.
const workspace = await assemble()
const benchmarks = join("packages", "benchmarks")
for (const path of [benchmarks, join("packages", "effect-4", "generated", "benchmarks")]) {
  cpSync(join(path, "dist"), join(workspace, path, "dist"), { recursive: true })
}
const linked = ["src", "results", "README.md", "package.json", "node_modules"].map((name) => join(benchmarks, name))
for (const path of [...linked, "README.md", join("build", "pack-test")].filter(existsSync)) {
  mkdirSync(dirname(join(workspace, path)), { recursive: true })
  symlinkSync(resolve(path), join(workspace, path))
}

const node = node24()
if (node === undefined) {
  console.error("The benchmarks need Node 22 or newer, and there is none for this machine.")
  process.exit(1)
}
// A young generation so large that the calls of one contender are not interrupted by the garbage of another.
const flags = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"]
run(node, [...flags, join(workspace, benchmarks, "dist", "main.js"), ...process.argv.slice(2)])
