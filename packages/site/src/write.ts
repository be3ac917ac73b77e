/**
 * Writes the pages of the site, from the documents and the API references of the repository, into `build/content`.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

import * as content from "./content.js"
import * as pages from "./pages.js"

/** The documents that docgen has written for a package. */
const modulesOf = (root: string, folder: string, name: string) => {
  const directory = join(root, folder, name, "docs", "modules")
  if (!existsSync(directory)) throw new Error(`${directory} is missing: run \`npm run docs\` first.`)
  return readdirSync(directory)
    .filter((file) => file.endsWith(".ts.md") && file !== "index.ts.md")
    .map((file) => ({ module: file.replace(/\.ts\.md$/, ""), text: readFileSync(join(directory, file), "utf8") }))
}

/** A module of an API reference. */
interface Reference extends pages.Page {
  readonly module: string
  readonly text: string
  readonly summary: string
}

const referencesOf = (root: string, major: number, folder: string, name: string): ReadonlyArray<Reference> =>
  modulesOf(root, folder, name).map(({ module, text }) => ({
    module,
    text,
    summary: content.summaryOf(text),
    source: `packages/${name}/src/${module}.ts`,
    path: `${pages.referenceOf(major, name)}/${module}`
  }))

const listing = (major: number, name: string, references: ReadonlyArray<Reference>): string =>
  [
    `# @effect-oauth/${name} for Effect ${major}`,
    "",
    "| Module | |",
    "|---|---|",
    ...references.map(({ module, summary }) => `| [${module}](./${module}) | ${summary.replace(/\|/g, "\\|")} |`),
    ""
  ].join("\n")

/** The modules of each reference, for the sidebar. */
export type Modules = Readonly<Record<string, ReadonlyArray<string>>>

/** Writes the pages of a repository into a directory. Returns the modules of each reference. */
export const write = (root: string, directory: string): Modules => {
  rmSync(directory, { recursive: true, force: true })
  const put = (path: string, text: string): void => {
    const file = join(directory, `${path}.md`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const references = pages.majors.flatMap(({ folder, major }) =>
    pages.packages.map((name) => ({ major, name, modules: referencesOf(root, major, folder, name) }))
  )
  const known = new Set(references.flatMap(({ modules }) => modules.map(({ path }) => path)))
  for (const { major, modules, name } of references) {
    put(`${pages.referenceOf(major, name)}/index`, listing(major, name, modules))
    for (const module of modules) put(module.path, content.ofModule(module, module.text, known))
  }
  const assets = new Set<string>()
  for (const page of [...pages.guides, ...pages.recipes].flatMap((section) => section.pages)) {
    const text = content.ofDocument(page, readFileSync(join(root, page.source), "utf8"), known)
    put(page.path, text)
    for (const [, asset = ""] of text.matchAll(/["(]\/((?:packages|guides)\/[^")#]+\.(?:svg|png|json|yml))[")]/g)) {
      assets.add(asset)
    }
  }
  for (const asset of assets) {
    mkdirSync(dirname(join(directory, "public", asset)), { recursive: true })
    cpSync(join(root, asset), join(directory, "public", asset))
  }
  return Object.fromEntries(
    references.map(({ major, modules, name }) => [
      pages.referenceOf(major, name),
      modules.map(({ module }) => module)
    ])
  )
}
