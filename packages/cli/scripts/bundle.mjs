// One directory with everything in it, from what tsc has built, so that npx fetches one package and Node reads few files.
// Commands are chunks of their own, read when they are run.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

import { build } from "esbuild"

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const outdir = join(home, "dist/bundle")

rmSync(outdir, { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: home,
  entryPoints: { "effect-oauth": "dist/bin.js" },
  outdir,
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  platform: "node",
  target: "node20",
  format: "esm",
  metafile: true,
  legalComments: "none",
  // Parts of it are CommonJS.
  banner: { js: "import{createRequire as requireOf}from\"node:module\";const require=requireOf(import.meta.url);" }
})
chmodSync(join(outdir, "effect-oauth.js"), 0o755)

// What the bundle holds of others comes under their licenses.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => {
    const [found] = path.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []
    return found === undefined ? [] : [join(home, found)]
  })
)
const license = (path) =>
  ["LICENSE", "LICENSE.md", "license", "LICENCE"].flatMap((name) => {
    try {
      return [readFileSync(join(path, name), "utf8")]
    } catch {
      return []
    }
  })[0]
writeFileSync(
  join(outdir, "LICENSES.txt"),
  [...packages].sort().map((path) => {
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"))
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${license(path) ?? ""}`
  }).join("\n\n----\n\n")
)
