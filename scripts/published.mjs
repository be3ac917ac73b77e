// The packages that go to the registry: every workspace package that is not private, and those generated for Effect 4.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

const generated = join("packages", "effect-4", "generated")

/** Of the packages in a folder that are not private. */
const manifestsIn = (folder) =>
  readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => existsSync(join(path, "package.json")))
    .map((path) => ({ path, ...JSON.parse(readFileSync(join(path, "package.json"), "utf8")) }))
    .filter((manifest) => manifest.private !== true)

export const published = (root = ".") => manifestsIn(join(root, "packages"))

/** Those whose major is that of Effect: the ones that the registry gives to users of Effect 3 by that tag. */
export const ofBothMajors = (root) => published(root).filter(({ publishConfig }) => publishConfig.tag === "effect-3")

/** Their counterparts for Effect 4, once they are generated: names are the same. */
export const publishedForEffect4 = (root = ".") => manifestsIn(join(root, generated))
