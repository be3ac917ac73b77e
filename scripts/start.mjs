// `npm start`: compiles the main job and runs it on Effect 4, then on Effect 3. `--effect 3` or `--effect 4` chooses one of
// them; a call to your own API is made on one, Effect 4. `npm run example`: compiles the examples and runs one, on Effect 4
// or as chosen.
import { spawnSync } from "node:child_process"

import { node24 } from "./node24.mjs"

const [program, ...args] = process.argv.slice(2)
const at = args.findIndex((arg) => /^--effect(=|$)/.test(arg))
const [, value] = at < 0 ? [] : args[at].split("=")
const chosen = at < 0 ? undefined : value ?? args[at + 1]
if (at >= 0) args.splice(at, value === undefined ? 2 : 1)
if (chosen !== undefined && chosen !== "3" && chosen !== "4") {
  console.error("--effect: expected 3 or 4")
  process.exit(1)
}

const run = (command, ...rest) => {
  const { error, status } = spawnSync(command, rest, { stdio: "inherit" })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
const compile = (...projects) => run(process.execPath, "node_modules/typescript/bin/tsc", "-b", ...projects)

/** A call to your own API must not be made twice. */
const isOnce = program !== "inventory/main" ||
  args.some((arg) => /^(--help|-h|get|post|put|patch|delete|head|options)$/i.test(arg))
const newer = chosen === "3" ? undefined : node24()
if (newer === undefined && chosen === "4") {
  console.error("Effect 4 with Undici needs Node 22 or newer, and there is none for this machine.")
  process.exit(1)
}
const majors = newer === undefined ? ["3"] : chosen === undefined && !isOnce ? ["4", "3"] : [chosen ?? "4"]

compile("packages/examples/tsconfig.src.json")
for (const major of majors) {
  const node = major === "4" ? newer : process.execPath
  if (major === "4") {
    compile("packages/testing/tsconfig.src.json", "packages/effect-4/tsconfig.src.json")
    run(process.execPath, "scripts/effect4.mjs", "programs")
  }
  if (!isOnce) {
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim()
    console.log(`\nEffect ${major}, Node ${version}`)
  }
  const home = major === "4" ? "packages/effect-4/generated/examples" : "packages/examples"
  run(node, `${home}/dist/${program}.js`, ...args)
}
