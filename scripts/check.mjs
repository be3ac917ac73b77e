// Import cycles, which neither the compiler nor the linter reports.
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"

const sources = readdirSync("packages").map((name) => `packages/${name}/src`).filter((path) => existsSync(path))
const { status } = spawnSync(
  process.execPath,
  ["node_modules/madge/bin/cli.js", "--circular", "--no-spinner", "--extensions", "ts", ...sources],
  { stdio: "inherit" }
)
process.exit(status ?? 1)
