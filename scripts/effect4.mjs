// `npm run effect-4`: generates the packages for Effect 4 from those for Effect 3, which must be compiled, and compiles
// them with the examples that only Effect 4 has; with names as arguments, only these and what they need. Options go to tsc.
import { spawnSync } from "node:child_process"

import { folders, generate } from "../packages/effect-4/dist/generate.js"

const all = ["client-credentials", "testing", "redis", "sql", "programs", "benchmarks", "soak", "examples"]
const args = process.argv.slice(2)
const options = args.filter((arg) => arg.startsWith("-"))
const chosen = args.filter((arg) => !arg.startsWith("-"))
const names = chosen.length > 0 ? chosen : all

generate(folders("packages/effect-4"))
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/typescript/bin/tsc",
    "-b",
    ...options,
    ...names.map((name) => `packages/effect-4/tsconfig.${name}.json`)
  ],
  { stdio: "inherit" }
)
process.exit(status ?? 1)
