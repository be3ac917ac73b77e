// `npm run sbom`: writes a software bill of materials for each package that is published, in the format of CycloneDX, into
// build/sbom. It lists what an installation contains: the dependencies of a library, with theirs, in the newest versions of
// their ranges; and the packages whose code the command line bundles, in the versions that it bundles. `npm sbom` writes it.
// Needs `npm run build`.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { published, publishedForEffect4 } from "./published.mjs"

const target = join("build", "sbom")

/** Packages that a bundle contains, by the headings of its list of licenses: name, version, license. */
export const bundled = (licenses) =>
  Object.fromEntries(
    [...licenses.matchAll(/(?:^|\n----\n\n)(\S+) (\d\S*) \([^)\n]*\)\n/g)].map(([, name, version]) => [name, version])
  )

const dependenciesOf = ({ bin, dependencies = {}, path }) =>
  bin === undefined ? dependencies : bundled(readFileSync(join(path, "dist", "bundle", "LICENSES.txt"), "utf8"))

const nameOf = ({ group, name }) => group === undefined ? name : `${group}/${name}`

/** A bill without what a bundle does not contain, such as optional peers of its packages. */
const only = ({ components, dependencies, ...bill }, names) => {
  const kept = components.filter((component) => names[nameOf(component)] === component.version)
  const references = new Set([bill.metadata.component, ...kept].map((component) => component["bom-ref"]))
  return {
    ...bill,
    components: kept,
    dependencies: dependencies.filter(({ ref }) => references.has(ref)).map(({ dependsOn, ref }) => ({
      ref,
      dependsOn: dependsOn.filter((one) => references.has(one))
    }))
  }
}

const npm = (directory, ...args) => {
  const { status, stderr, stdout } = spawnSync("npm", args, { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 26 })
  if (status === 0) return stdout
  console.error(`npm ${args[0]} failed in ${directory}.\n${stderr}`)
  process.exit(1)
}

const billOf = (manifest) => {
  const { bin, description, license, name, version } = manifest
  const dependencies = dependenciesOf(manifest)
  const directory = mkdtempSync(join(tmpdir(), "sbom-"))
  try {
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ name, version, description, license, dependencies })
    )
    npm(directory, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
    const all = JSON.parse(npm(directory, "sbom", "--package-lock-only", "--sbom-format", "cyclonedx"))
    const bill = bin === undefined ? all : only(all, dependencies)
    const listed = new Set(bill.components.map(nameOf))
    const missing = Object.keys(dependencies).filter((one) => !listed.has(one))
    if (missing.length === 0) return bill
    console.error(`The bill of materials of ${name} lacks ${missing.join(", ")}.`)
    process.exit(1)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  mkdirSync(target, { recursive: true })
  for (const manifest of [...publishedForEffect4(), ...published()]) {
    const { name, version } = manifest
    const file = join(target, `${name.replace("@", "").replace("/", "-")}-${version}.cdx.json`)
    const bill = billOf(manifest)
    writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`)
    console.log(`${file}: ${bill.components.length} components`)
  }
}
