// Assembles in `build/published` what goes to the registry: the packages as their archives contain them, in a second workspace,
// where programs of this one find them. There, the modules of the library are joined, so that a runtime reads one file in place
// of a hundred for the smallest program (guides/performance.md). Public modules keep their paths and types, and code that is
// imported on demand stays apart. The packages must be built.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import { rolldown } from "rolldown"

import { published, publishedForEffect4 } from "./published.mjs"

/** The library, and its modules that the smallest program imports. */
const library = "@effect-oauth/client-credentials"
const smallest = ["ApiClient", "ClientCredentials"]

/** Reads compiled modules with their source maps, so that those of the joined files point to the sources. */
const compiled = {
  name: "compiled",
  load: (id) => ({
    code: readFileSync(id, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, ""),
    map: readFileSync(`${id}.map`, "utf8")
  })
}

/** Returns modules, their static imports, and the imports of these. */
const withImports = (modules, importsOf) => {
  const found = new Set(modules)
  for (const module of found) importsOf(module).forEach((imported) => found.add(imported))
  return found
}

/** Joins modules of a folder. The index is left as it is, because bundlers see through its re-exports only as they are. */
const joinModules = async (modules, from, to) => {
  const path = (name) => join(from, `${name}.js`)
  const isOwn = (id) => id.startsWith(from)
  let core
  const bundle = await rolldown({
    cwd: from,
    input: modules.filter((name) => name !== "index").map(path),
    external: /^[^./]/,
    platform: "neutral",
    treeshake: { moduleSideEffects: false },
    plugins: [compiled]
  })
  await bundle.write({
    dir: to,
    format: "esm",
    sourcemap: true,
    // The sources are copied as well.
    sourcemapPathTransform: (source, map) => {
      const copy = join(to, relative(from, resolve(dirname(map), source)))
      return relative(dirname(map), copy)
    },
    comments: { legal: false, jsdoc: false, annotation: true },
    chunkFileNames: "internal/[name].js",
    codeSplitting: {
      groups: [{
        debugName: "smallest program",
        // The imports are known here only.
        name: (id, graph) => {
          core ??= withImports(smallest.map(path), (module) => graph.getModuleInfo(module).importedIds.filter(isOwn))
          return core.has(id) ? "core" : null
        }
      }]
    }
  })
  await bundle.close()
  for (const file of ["index.js", "index.js.map"]) cpSync(join(from, file), join(to, file))
}

const contents = ["README.md", "LICENSE", "CHANGELOG.md", "src", "dist"]

/** Returns whether a file is not that of a removed module, which the compiler leaves among the compiled ones. */
const isCurrent = (path, file) => {
  const module = /^dist\/(?!bundle\/)(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(relative(path, file))?.[1]
  return module === undefined || existsSync(join(path, "src", `${module}.ts`))
}

/** Writes the manifest without what serves this workspace only. */
const writeManifest = (path, to) => {
  const { devDependencies: _, scripts: __, ...manifest } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"))
  writeFileSync(join(to, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`)
}

const assemblePackage = async ({ main = "dist", name, path }, to) => {
  if (!existsSync(join(path, main))) throw new Error(`${path} is not built. Run npm run build first.`)
  for (const entry of contents.filter((entry) => existsSync(join(path, entry)))) {
    cpSync(join(path, entry), join(to, entry), {
      recursive: true,
      filter: (file) => isCurrent(path, file) && (name !== library || !/\.js(\.map)?$/.test(file))
    })
  }
  writeManifest(path, to)
  if (name !== library) return
  const modules = readdirSync(join(path, "src")).filter((file) => file.endsWith(".ts")).map((file) => file.slice(0, -3))
  await joinModules(modules, resolve(path, "dist"), resolve(to, "dist"))
}

const link = (target, path) => {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(resolve(target), path)
}

/** Assembles the packages of the workspace at a path in a folder of its `build`, and returns the path of that folder. */
export const assemble = async (root = ".", folder = "published") => {
  const workspace = join(root, "build", folder)
  rmSync(workspace, { recursive: true, force: true })
  const place = async (packages, parent) => {
    for (const one of packages) {
      const to = join(workspace, relative(root, one.path))
      await assemblePackage(one, to)
      link(to, join(workspace, parent, "node_modules", one.name))
    }
  }
  await place(published(root), ".")
  await place(publishedForEffect4(root), "packages/effect-4/generated")
  link(join(root, "packages/effect-4/node_modules"), join(workspace, "packages/effect-4/node_modules"))
  return workspace
}
