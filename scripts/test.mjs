// `npm test`: compiles, generates the packages for Effect 4 and runs the tests of both majors. Arguments go to vitest; a file
// for results gets a second one beside it, and `--project` chooses among the projects of one major:
//   npm test -- --project redis                 of Effect 3
//   npm test -- --project "redis on Effect 4"
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

import { node24 } from "./node24.mjs"

const args = process.argv.slice(2)
const effect4 = join("packages", "effect-4")
const require = createRequire(join(process.cwd(), effect4, "package.json"))

const run = (command, rest, options = {}) => {
  const { error, status } = spawnSync(command, rest, { stdio: "inherit", ...options })
  if (error !== undefined) throw error
  return status ?? 1
}

const bin = (from, name, file) => join(dirname(from.resolve(`${name}/package.json`)), file)
const root = createRequire(join(process.cwd(), "package.json"))

const compiled = run(process.execPath, [bin(root, "typescript", "bin/tsc"), "-b"]) ||
  run(process.execPath, [join("scripts", "effect4.mjs")])
if (compiled !== 0) process.exit(compiled)

const chosen = args.flatMap((arg, index) =>
  arg.startsWith("--project=") ? [arg.slice("--project=".length)] : args[index - 1] === "--project" ? [arg] : []
)
const isFor4 = (project) => / on Effect 4$/.test(project)

let status = 0
if (chosen.length === 0 || chosen.some((project) => !isFor4(project))) {
  status = run(process.execPath, [bin(root, "vitest", "vitest.mjs"), "run", ...args])
}
if (chosen.length === 0 || chosen.some(isFor4)) {
  const node = node24()
  if (node === undefined) {
    console.log(
      "The tests for Effect 4 were skipped: they need Node 22 or newer, and there is none for this machine."
    )
    process.exit(process.env.CI === undefined ? status : 1)
  }
  const results = args.map((arg) =>
    arg.replace(/^--outputFile=(.*)\.json$/, (_, path) => `--outputFile=${join(process.cwd(), path)}.effect-4.json`)
  )
  status = run(node, [bin(require, "vitest", "vitest.mjs"), "run", ...results], {
    cwd: effect4,
    env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` }
  }) || status
}
process.exit(status)
