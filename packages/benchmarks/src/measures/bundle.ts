/**
 * The smallest program that makes a call with a cached token, as a bundler ships it.
 */
import { relative } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { build } from "esbuild"

import type { Contender } from "../contender.js"
import { addedToBare, contenders, folderForEffect4 } from "../contenders.js"
import type { Measure } from "../measure.js"
import { summarize, type Table } from "../result.js"

/** Returns the module with Effect's client on `fetch`. */
export const fetchClientOf = (effect: 3 | 4): string =>
  effect === 4 ? "effect/http/FetchHttpClient" : "@effect/platform/FetchHttpClient"

/** Returns the program that a user would write: the client of the other measures, and one call. */
const program = ({ effect, module }: Contender): string => {
  return [
    `import { make } from "./${module}.js"`,
    ...(effect === undefined ? [] : [`import { layer as httpClient } from "${fetchClientOf(effect)}"`]),
    "const { TOKEN_URL: tokenUrl, API_URL: apiUrl, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, FIXED_TOKEN: fixedToken } = " +
    "process.env",
    "const stacks = { fetch, axios: {}, gaxios: {} }",
    `const { call } = await make({ tokenUrl, apiUrl, clientId, clientSecret, fixedToken, stacks${
      effect === undefined ? "" : ", httpClient"
    } })`,
    "console.log(await call())"
  ].join("\n")
}

/** A file with its path in the folder of the bundle. */
export interface File {
  readonly path: string
  readonly contents: Uint8Array
}

/**
 * Returns the files of the program that sends the call, the entry first. Its dynamic imports for other purposes are in
 * separate files, which are omitted.
 */
export const bundle = async (
  contender: Contender,
  external: ReadonlyArray<string>
): Promise<ReadonlyArray<File>> => {
  const folder = fileURLToPath(
    new URL("contenders/", contender.effect === 4 ? folderForEffect4 : new URL("../", import.meta.url))
  )
  const { metafile, outputFiles } = await build({
    stdin: { contents: program(contender), resolveDir: folder, sourcefile: "program.js", loader: "js" },
    absWorkingDir: folder,
    outdir: ".",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    metafile: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    legalComments: "none",
    write: false,
    logLevel: "silent",
    external: [...external],
    // Packages in CommonJS require the built-in modules of Node.js.
    banner: { js: "import{createRequire}from\"node:module\";const require=createRequire(import.meta.url);" }
  })
  const { outputs } = metafile
  const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === "program.js")
  if (entry === undefined) throw new Error(`esbuild returned no program for ${contender.name}`)
  const loaded = [entry]
  for (const name of loaded) {
    for (const { kind, path } of outputs[name]?.imports ?? []) {
      const counts = kind === "import-statement" || contender.importsToCall === true
      if (counts && path in outputs && !loaded.includes(path)) loaded.push(path)
    }
  }
  const files = outputFiles.map(({ contents, path }) => ({ contents, path: relative(folder, path) }))
  return loaded.flatMap((path) => files.filter((file) => file.path === path))
}

const sum = (files: ReadonlyArray<File>, size: (contents: Uint8Array) => number): number =>
  files.reduce((total, { contents }) => total + size(contents), 0)

const length = (contents: Uint8Array): number => contents.length

const gzipped = (contents: Uint8Array): number => gzipSync(contents, { level: 9 }).length

// gaxios is used through google-auth-library, and a bundler does not separate it.
const participants = contenders.filter(({ name }) => name !== "bare gaxios")

export const bundleSize: Measure = {
  name: "bundle",
  title: "Size of the smallest useful program",
  method:
    "A program that sends one call with a token, bundled for Node.js by esbuild, minified, gzipped. Parts that are " +
    "imported on demand, and are not used by that call, are not counted. Together: the whole program. Apart: without " +
    "Effect or the HTTP stack of a library (axios, gaxios, wreck); `fetch` of the platform adds nothing.",
  run: async () => {
    const files: Array<Record<"apart" | "together", ReadonlyArray<File>> & { readonly name: string }> = []
    for (const contender of participants) {
      const { name, stack } = contender
      files.push({ name, apart: await bundle(contender, stack), together: await bundle(contender, []) })
    }
    const table = (id: string, title: string, size: (file: (typeof files)[number]) => number): Table => ({
      id,
      title,
      unit: "bytes",
      better: "lower",
      isExact: true,
      rows: files.map((file) => summarize(file.name, [size(file)]))
    })
    const together = table(
      "bundle-together-gzip",
      "Smallest program together, gzipped",
      ({ together }) => sum(together, gzipped)
    )
    return [
      table("bundle-apart-gzip", "Smallest program apart, gzipped", ({ apart }) => sum(apart, gzipped)),
      together,
      {
        ...together,
        id: "bundle-added-gzip",
        title: "Together, beyond the bare client's program, gzipped",
        rows: addedToBare(together.rows)
      },
      table("bundle-apart", "Apart, minified", ({ apart }) => sum(apart, length)),
      table("bundle-together", "Together, minified", ({ together }) => sum(together, length))
    ]
  }
}
