// Builds the documentation site into packages/site/build/site: the API reference of both majors by docgen, the pages, and the
// site by VitePress, which fails on a dead link. `npm run site -- --serve` serves it on this machine afterwards.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { delimiter, dirname, join } from "node:path"

import { node24 } from "./node24.mjs"

const site = join("packages", "site")
const generated = join("packages", "effect-4", "generated")

/** Undici for Effect 4 needs Node 22, and docgen loads what examples import. */
const node = node24()
if (node === undefined) {
  console.error("The documentation of Effect 4 needs Node 22 or newer, and there is none for this machine.")
  process.exit(1)
}
// docgen runs `tsc` and `tsx` by their names.
const path = [dirname(node), join(process.cwd(), "node_modules", ".bin"), process.env.PATH]
const env = { ...process.env, PATH: path.join(delimiter) }

const run = (command, args, cwd = ".") => {
  const { error, status } = spawnSync(command, args, { cwd, env, stdio: "inherit" })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}

const bin = (name, file) => {
  const require = createRequire(join(process.cwd(), site, "package.json"))
  const [root] = require.resolve.paths(name).map((path) => join(path, name)).filter(existsSync)
  return join(root, file)
}

/** The reference for Effect 4 is made as that for Effect 3. */
const docgen = (name) => {
  const settings = JSON.parse(readFileSync(join("packages", name, "docgen.json"), "utf8"))
  const { $schema: _, ...rest } = settings
  writeFileSync(join(generated, name, "docgen.json"), JSON.stringify(rest))
  run(node, [bin("@effect/docgen", "bin.cjs")], join(generated, name))
}

for (const name of ["client-credentials", "testing", "redis", "sql"]) {
  if (!existsSync(join("packages", name, "docs", "modules"))) {
    run(node, [bin("@effect/docgen", "bin.cjs")], join("packages", name))
  }
  docgen(name)
}
run(node, [join(site, "dist", "main.js")])
run(node, [bin("vitepress", join("bin", "vitepress.js")), "build"], site)
if (process.argv.includes("--serve")) run(node, [bin("vitepress", join("bin", "vitepress.js")), "serve"], site)
