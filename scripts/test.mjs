// `npm test`: compiles, generates the packages for Effect 4 and runs the tests of both majors at the same time. Arguments go to
// vitest; a file for results gets a second one beside it, and `--project` chooses among the projects of one major:
//   npm test -- --project redis                 of Effect 3
//   npm test -- --project "redis on Effect 4"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createReadStream, existsSync, mkdirSync, openSync, readdirSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"

import { node24 } from "./node24.mjs"

const args = process.argv.slice(2)
const effect4 = join("packages", "effect-4")

const bin = (directory, name, file) =>
  join(dirname(createRequire(join(process.cwd(), directory, "package.json")).resolve(`${name}/package.json`)), file)

/** Returns the exit code of a process; 1 if a signal ended it. */
const ended = async (child) => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
  return child.exitCode ?? 1
}

const together = async (...commands) => {
  const codes = commands.map((command) => ended(spawn(process.execPath, command, { stdio: "inherit" })))
  if ((await Promise.all(codes)).some((code) => code !== 0)) process.exit(1)
}
// Types are checked by `npm run check` and `npm run build`, which also check what this compiled without.
const tsc = [bin(".", "typescript", "bin/tsc"), "-b", "--noCheck"]
const source = (name) => join("packages", name, "tsconfig.src.json")
// The generator reads the compiled packages. The programs for Effect 3 are compiled beside those for Effect 4.
await together([...tsc, ...["client-credentials", "testing", "redis", "sql", "effect-4"].map(source)])
await together(
  [...tsc, ...readdirSync("packages").map(source).filter((path) => existsSync(path))],
  [join("scripts", "effect4.mjs"), "--noCheck"]
)

const chosen = args.flatMap((arg, index) =>
  arg.startsWith("--project=") ? [arg.slice("--project=".length)] : args[index - 1] === "--project" ? [arg] : []
)
const isFor4 = (project) => / on Effect 4$|^effect-4$/.test(project)
const with3 = chosen.length === 0 || chosen.some((project) => !isFor4(project))
const with4 = chosen.length === 0 || chosen.some(isFor4)

const log = join("build", "test.effect-4.log")

/** Starts the tests for Effect 4; what they print is kept until the others are done. */
const start4 = () => {
  const node = node24()
  if (node === undefined) return undefined
  const results = args.map((arg) =>
    arg.replace(/^--outputFile=(.*)\.json$/, (_, path) => `--outputFile=${join(process.cwd(), path)}.effect-4.json`)
  )
  mkdirSync("build", { recursive: true })
  const output = with3 ? openSync(log, "w") : "inherit"
  return spawn(node, [bin(effect4, "vitest", "vitest.mjs"), "run", ...results], {
    cwd: effect4,
    env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` },
    stdio: ["ignore", output, output]
  })
}

const four = with4 ? start4() : undefined
let status = with3
  ? await ended(spawn(process.execPath, [bin(".", "vitest", "vitest.mjs"), "run", ...args], { stdio: "inherit" }))
  : 0
if (four !== undefined) {
  const of4 = await ended(four)
  if (with3) await pipeline(createReadStream(log), process.stdout, { end: false })
  status ||= of4
} else if (with4) {
  console.log("The tests for Effect 4 were skipped: they need Node 22 or newer, and there is none for this machine.")
  if (process.env.CI !== undefined) status ||= 1
}
process.exitCode = status
