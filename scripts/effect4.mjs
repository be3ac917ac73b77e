// `npm run effect-4`: generates the packages for Effect 4 from those for Effect 3, which must be compiled, and compiles
// them with the examples that only Effect 4 has; with names as arguments, only these and what they need.
import { spawnSync } from "node:child_process"

import { folders, generate } from "../packages/effect-4/dist/generate.js"

const all = ["client-credentials", "testing", "redis", "sql", "programs", "benchmarks", "soak", "examples"]
const names = process.argv.length > 2 ? process.argv.slice(2) : all

generate(folders("packages/effect-4"))
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/typescript/bin/tsc",
    "-b",
    ...names.map((name) => `packages/effect-4/tsconfig.${name}.json`)
  ],
  { stdio: "inherit" }
)
process.exit(status ?? 1)
