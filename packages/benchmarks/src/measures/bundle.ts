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

/** What a user would write: the client of the other measures, and one call. */
const program = ({ effect, module }: Contender): string => {
  const fetchClient = effect === 4 ? "effect/http/FetchHttpClient" : "@effect/platform/FetchHttpClient"
  return [
    `import { make } from "./${module}.js"`,
    ...(effect === undefined ? [] : [`import { layer as httpClient } from "${fetchClient}"`]),
    "const { TOKEN_URL: tokenUrl, API_URL: apiUrl, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env",
    "const stacks = { fetch, axios: {}, gaxios: {} }",
    `const { call } = await make({ tokenUrl, apiUrl, clientId, clientSecret, stacks${
      effect === undefined ? "" : ", httpClient"
    } })`,
    "console.log(await call())"
  ].join("\n")
}

/** With its path in the folder of the bundle. */
export interface File {
  readonly path: string
  readonly contents: Uint8Array
}

/**
 * The files of the program that makes the call, its first one first. What it would import for other purposes is in files
 * of their own, and not among them.
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
    // Packages in CommonJS ask for Node's own modules.
    banner: { js: "import{createRequire}from\"node:module\";const require=createRequire(import.meta.url);" }
  })
  const { outputs } = metafile
  const entry = Object.keys(outputs).find((name) => outputs[name]?.entryPoint === "program.js")
  if (entry === undefined) throw new Error(`esbuild gave no program for ${contender.name}`)
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

// gaxios is used from within google-auth-library, and a bundler does not take it apart.
const participants = contenders.filter(({ name }) => name !== "bare gaxios")

export const bundleSize: Measure = {
  name: "bundle",
  title: "Size of the smallest useful program",
  method:
    "A program that makes one call with a token, bundled for Node by esbuild, minified, gzipped. Parts that are imported " +
    "only when they are wanted, and are not wanted for that call, are not counted. Together: all of it. " +
    "Apart: without Effect, or the HTTP stack that a library brings (axios, gaxios, wreck); the fetch of the platform " +
    "costs nobody anything.",
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
