// Bundles the output of tsc into one directory, so that npx fetches one package and Node reads few files.
// Each command is a separate chunk, which is read when the command runs.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

import { build } from "esbuild"

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const outdir = join(home, "dist/bundle")

const shared = {
  absWorkingDir: home,
  bundle: true,
  minify: true,
  platform: "node",
  target: "node20",
  metafile: true,
  legalComments: "none"
}

/**
 * Undici is a separate file, which is read when one of its members is used: most calls use none of them, and it is half of
 * the bundle.
 */
const undici = createRequire(createRequire(import.meta.url).resolve("@effect/platform-node")).resolve("undici")
const lazyUndici = {
  name: "lazy-undici",
  setup: (builder) => {
    builder.onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace: "lazy" }))
    builder.onResolve({ filter: /undici\.cjs$/, namespace: "lazy" }, ({ path }) => ({ path, external: true }))
    builder.onLoad({ filter: /^undici$/, namespace: "lazy" }, () => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(createRequire(undici)(undici)))})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require("./undici.cjs")[name] })`,
      loader: "js"
    }))
  }
}

rmSync(outdir, { recursive: true, force: true })
const ofUndici = await build({
  ...shared,
  entryPoints: [undici],
  outfile: join(outdir, "undici.cjs"),
  format: "cjs"
})
const { metafile } = await build({
  ...shared,
  entryPoints: { "effect-oauth": "dist/bin.js" },
  outdir,
  chunkNames: "[name]-[hash]",
  splitting: true,
  format: "esm",
  plugins: [lazyUndici],
  // Some modules of the bundle are CommonJS.
  banner: { js: "import{createRequire as requireOf}from\"node:module\";const require=requireOf(import.meta.url);" }
})
chmodSync(join(outdir, "effect-oauth.js"), 0o755)

// The bundle contains code of other projects, under their licenses.
const packages = new Set(
  [...Object.keys(metafile.inputs), ...Object.keys(ofUndici.metafile.inputs)].flatMap((path) => {
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
