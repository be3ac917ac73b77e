// `npm run effect-4`: generates the packages for Effect 4 from those for Effect 3, which must be compiled, and compiles the
// core. The others do not compile yet.
import { spawnSync } from "node:child_process"

import { folders, generate } from "../packages/effect-4/dist/generate.js"

generate(folders("packages/effect-4"))
const { status } = spawnSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-b", "packages/effect-4/tsconfig.client-credentials.json"],
  { stdio: "inherit" }
)
process.exit(status ?? 1)
