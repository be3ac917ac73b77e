// Compiles what is generated for Effect 4 against the version of Effect that is installed in packages/effect-4, and states
// which names of Effect that version misses or has changed. For a newer version than the tested one:
//   npm install effect@latest @effect/platform-node@latest --workspace packages/effect-4
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"

import { folders, generate } from "../packages/effect-4/dist/generate.js"
import { brokenApi } from "./brokenApi.mjs"

const { version } = JSON.parse(readFileSync("packages/effect-4/node_modules/effect/package.json", "utf8"))
generate(folders("packages/effect-4"))
const { status, stderr, stdout } = spawnSync(
  process.execPath,
  [
    "node_modules/typescript/bin/tsc",
    "-b",
    "--force",
    "packages/effect-4/tsconfig.generated.json",
    "--pretty",
    "false"
  ],
  { encoding: "utf8", maxBuffer: 2 ** 28 }
)
const broken = brokenApi(stdout, (file) => readFileSync(file, "utf8"))
for (const line of broken) console.error(line)
if (status !== 0 && broken.length === 0) console.error(stdout + stderr)
console.log(
  status === 0
    ? `effect ${version}: everything compiles`
    : `effect ${version}: ${broken.length} names are missing or have changed`
)
process.exit(status ?? 1)
