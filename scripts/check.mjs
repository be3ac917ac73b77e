// What the compiler alone does not see: the diagnostics of @effect/language-service, and import cycles.
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"

const run = (command, ...args) => spawnSync(`node_modules/.bin/${command}`, args, { stdio: "inherit" }).status === 0

const packages = readdirSync("packages").map((name) => `packages/${name}`)
const projects = packages
  .flatMap((path) => [`${path}/tsconfig.src.json`, `${path}/tsconfig.test.json`])
  .filter((path) => existsSync(path))

const results = [
  ...projects.map((path) => run("effect-language-service", "diagnostics", "--project", path, "--strict")),
  run(
    "madge",
    "--circular",
    "--no-spinner",
    "--extensions",
    "ts",
    ...packages.map((path) => `${path}/src`).filter((path) => existsSync(path))
  )
]
process.exit(results.every(Boolean) ? 0 : 1)
