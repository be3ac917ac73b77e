/**
 * The smallest program that makes a call with a cached token, as a bundler ships it.
 */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { build } from "esbuild"

import type { Contender } from "../contender.js"
import { contenders } from "../contenders.js"
import type { Measure } from "../measure.js"
import { summarize, type Table } from "../result.js"

const folder = fileURLToPath(new URL("../contenders/", import.meta.url))

/** What a user would write: the client of the other measures, and one call. */
export const program = ({ baseline, module, name }: Contender): string => {
  const inEffect = baseline === "bare HttpClient" || name === "bare HttpClient"
  return [
    `import { make } from "./${module}.js"`,
    ...(inEffect ? ["import { layer as httpClient } from \"@effect/platform/FetchHttpClient\""] : []),
    "const { TOKEN_URL: tokenUrl, API_URL: apiUrl, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env",
    `const stacks = { fetch, axios: {}, gaxios: {}${inEffect ? ", httpClient" : ""} }`,
    "const { call } = await make({ tokenUrl, apiUrl, clientId, clientSecret, stacks })",
    "console.log(await call())"
  ].join("\n")
}

export const bundle = async (contender: Contender, external: ReadonlyArray<string>): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    stdin: { contents: program(contender), resolveDir: folder, loader: "js" },
    bundle: true,
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
  const [file] = outputFiles
  if (file === undefined) throw new Error(`esbuild gave no file for ${contender.name}`)
  return file.contents
}

const gzipped = (file: Uint8Array): number => gzipSync(file, { level: 9 }).length

// gaxios is used from within google-auth-library, and a bundler does not take it apart.
const participants = contenders.filter(({ name }) => name !== "bare gaxios")

export const bundleSize: Measure = {
  name: "bundle",
  title: "Size of the smallest useful program",
  method:
    "A program that makes one call with a token, bundled for Node by esbuild, minified, gzipped. Together: all of it. " +
    "Apart: without Effect, or the HTTP stack that a library brings (axios, gaxios, wreck); the fetch of the platform " +
    "costs nobody anything.",
  run: async () => {
    const files: Array<{ readonly name: string; readonly apart: Uint8Array; readonly together: Uint8Array }> = []
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
    return [
      table("bundle-apart-gzip", "Smallest program apart, gzipped", ({ apart }) => gzipped(apart)),
      table("bundle-together-gzip", "Smallest program together, gzipped", ({ together }) => gzipped(together)),
      table("bundle-apart", "Apart, minified", ({ apart }) => apart.length),
      table("bundle-together", "Together, minified", ({ together }) => together.length)
    ]
  }
}
