// The packages that go to the registry: every workspace package that is not private.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export const published = (root = ".") =>
  readdirSync(join(root, "packages"))
    .map((directory) => join(root, "packages", directory))
    .map((path) => ({ path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) }))
    .filter((manifest) => manifest.private !== true)
