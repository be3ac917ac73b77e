/** The install commands in the documents succeed, unchanged, in an empty project. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { afterAll, assert, inject, it } from "vitest"

import { succeed } from "./run.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))

const documents = [
  "README.md",
  ...readdirSync(join(root, "guides")).filter((name) => name.endsWith(".md")).map((name) => `guides/${name}`),
  ...["", "effect-4/generated/"].flatMap((folder) =>
    readdirSync(join(root, "packages", folder)).map((name) => `packages/${folder}${name}/README.md`)
  )
].filter((path) => existsSync(join(root, path)))

const command = /^ {4}npm install (.*?)(?: +#.*| && .*)?$/gm
const found = documents.flatMap((path) =>
  [...readFileSync(join(root, path), "utf8").replaceAll(/ \\\n +/g, " ").matchAll(command)].map(([, words = ""]) => ({
    path,
    words: words.split(/ +/)
  }))
)

/** Returns the archives that a command installs: without versions, npm installs Effect 4. */
const archivesFor = (words: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  const major = words.some((word) => /@effect-3$|^effect@3$|^@effect\/.*@0$/.test(word)) ? 3 : 4
  const [own, ...others] = [...inject("installed")].sort((one) => one.major === major ? -1 : 1)
  // The command line has one archive for both majors.
  return { ...others[0]?.archives, ...own?.archives }
}

const directory = mkdtempSync(join(tmpdir(), "documents-"))
writeFileSync(join(directory, "package.json"), "{}")
afterAll(() => rmSync(directory, { recursive: true }))

it("the documents contain install commands", () => assert.isAtLeast(found.length, 8))

for (const { path, words } of found) {
  it(`${path}: npm install ${words.join(" ")}`, async () => {
    const archives = archivesFor(words)
    // The library is not repeated if the command contains it.
    const all = new Set([...words.map((word) => word.replace(/@effect-3$/, "")), "@effect-oauth/client-credentials"])
    const args = [...all].map((word) => archives[word] ?? word)
    await succeed("npm", ["install", "--dry-run", "--strict-peer-deps", "--no-audit", "--no-fund", ...args], {
      cwd: directory
    })
  })
}
