// The packages that go to the registry: every workspace package that is not private.
import { readdirSync, readFileSync } from "node:fs"

export const published = () =>
  readdirSync("packages")
    .map((directory) => `packages/${directory}`)
    .map((path) => ({ path, ...JSON.parse(readFileSync(`${path}/package.json`, "utf8")) }))
    .filter((manifest) => manifest.private !== true)
