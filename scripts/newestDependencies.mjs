// Installs the newest versions of the runtime dependencies that the ranges of the published packages allow, as users get them.
// Prints the versions that the tests then run with. Changes package.json and the lock file: for a clone that is thrown away.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

import { published } from "./published.mjs"

const ranges = Object.assign({}, ...published().map(({ dependencies }) => dependencies))
const wanted = Object.entries(ranges).map(([name, range]) => `${name}@${range}`)

// At the root, so that all packages resolve to these.
const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", "--prefer-online", ...wanted], {
  stdio: "inherit"
})
if (status !== 0) process.exit(status ?? 1)

for (const { dependencies = {}, path } of published()) {
  const resolve = createRequire(new URL(`../${path}/package.json`, import.meta.url))
  for (const name of Object.keys(dependencies)) {
    const [folder = "", rest = ""] = resolve.resolve(name).split(`node_modules/${name}/`)
    const manifest = JSON.parse(readFileSync(`${folder}node_modules/${name}/package.json`, "utf8"))
    console.log(`${path}: ${name} ${manifest.version}${rest === "" ? " (not resolved)" : ""}`)
  }
}
