// Bundles the output of tsc into one directory, so that npx fetches one package and Node reads few files. The modules of
// commands are evaluated when the command runs.
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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

const ofPlatform = createRequire(createRequire(import.meta.url).resolve("@effect/platform-node"))
const undici = ofPlatform.resolve("undici")

/**
 * Modules that are loaded when one of their members is used: most commands use few of them, and Node takes milliseconds to
 * load one. Undici is a separate file, half as large as the program.
 */
const late = new Map([
  ["undici", "./undici.cjs"],
  ...[
    "child_process",
    "crypto",
    "dgram",
    "dns",
    "dns/promises",
    "fs/promises",
    "http",
    "http2",
    "https",
    "net",
    "readline",
    "readline/promises",
    "tls",
    "worker_threads",
    "zlib"
  ].flatMap((name) => [[name, `node:${name}`], [`node:${name}`, `node:${name}`]])
])
const lateModules = {
  name: "late-modules",
  setup: (builder) => {
    builder.onResolve(
      { filter: /./ },
      ({ namespace, path }) =>
        namespace === "late" ? { path, external: true } : late.has(path) ? { path, namespace: "late" } : undefined
    )
    builder.onLoad({ filter: /./, namespace: "late" }, ({ path }) => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(ofPlatform(path)))})
        Object.defineProperty(exports, name, { enumerable: true, get: () => require("${late.get(path)}")[name] })`,
      loader: "js"
    }))
  }
}

// CommonJS, since V8 caches the code of scripts, but not of modules on all versions of Node.
const cjs = {
  ...shared,
  format: "cjs",
  // An uncaught error prints its line.
  lineLimit: 200,
  define: { "import.meta.url": "moduleUrl" },
  // Scripts of the code cache have no `import()`.
  supported: { "dynamic-import": false }
}
const banner = { js: "const moduleUrl=require(\"node:url\").pathToFileURL(__filename).href;" }

rmSync(outdir, { recursive: true, force: true })
const builds = await Promise.all([
  build({ ...cjs, entryPoints: [undici], outfile: join(outdir, "undici.cjs") }),
  build({
    ...cjs,
    entryPoints: ["dist/internal/main.js"],
    outfile: join(outdir, "program.cjs"),
    plugins: [lateModules],
    banner
  }),
  build({ ...cjs, entryPoints: ["dist/bin.js"], outfile: join(outdir, "effect-oauth.js"), banner })
])
chmodSync(join(outdir, "effect-oauth.js"), 0o755)
// The scripts are CommonJS, unlike the package.
writeFileSync(join(outdir, "package.json"), "{ \"type\": \"commonjs\" }\n")

// The bundle contains code of other projects, under their licenses.
const packages = new Set(
  builds.flatMap(({ metafile }) => Object.keys(metafile.inputs)).flatMap((path) => {
    const [found] = path.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []
    return found === undefined ? [] : [join(home, found)]
  })
)
const license = (path) => {
  const file = readdirSync(path).find((name) => /^licen[cs]e/i.test(name))
  if (file === undefined) throw new Error(`${path} has no license file, which the bundle must contain.`)
  return readFileSync(join(path, file), "utf8")
}
writeFileSync(
  join(outdir, "LICENSES.txt"),
  [...packages].sort().map((path) => {
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8"))
    return `${manifest.name} ${manifest.version} (${manifest.license})\n\n${license(path)}`
  }).join("\n\n----\n\n")
)
