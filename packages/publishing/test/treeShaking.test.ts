/** The parts of the library that a bundler keeps in the smallest useful program. */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { assert, describe, it } from "@effect/vitest"
import { build, type BuildOptions } from "esbuild"
import { rolldown } from "rolldown"

const program = (imports: string) => `
${imports}
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  clientAuthentication: "client_secret_post",
  apiBaseUrl: "https://api.example.com"
})

Effect.runPromise(
  Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
    Effect.provide(Layer.provide(Api, FetchHttpClient.layer))
  )
)
`

const byModule = program(`
import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as ClientCredentials from "@effect-oauth/client-credentials/ClientCredentials"`)

const byIndex = program(`import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"`)

/** Converts a program for Effect 3 to Effect 4. */
const onEffect4 = (program: string) => program.replaceAll("@effect/platform/", "effect/http/")

const bare = `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"

Effect.runPromise(HttpClient.get("https://api.example.com/items").pipe(Effect.provide(FetchHttpClient.layer)))
`

const here = fileURLToPath(new URL(".", import.meta.url))

/** The folder in which the packages for Effect 4 resolve by their names. */
const amongThoseForEffect4 = fileURLToPath(new URL("../../effect-4/generated/", import.meta.url))

/** The code that is loaded when the program starts: the entry and its static imports, without dynamic imports. */
interface Bundle {
  readonly text: string
  /** Bytes, minified, by module. */
  readonly modules: ReadonlyMap<string, number>
}

/** Returns the entry and its statically imported chunks, by name. */
const atOnce = (entry: string, imports: (chunk: string) => ReadonlyArray<string>): ReadonlyArray<string> => {
  const chunks = [entry]
  for (const chunk of chunks) chunks.push(...imports(chunk).filter((name) => !chunks.includes(name)))
  return chunks
}

const esbuild = async (
  contents: string,
  { resolveDir = here, ...options }: Pick<BuildOptions, "external" | "splitting"> & { readonly resolveDir?: string } =
    {}
): Promise<Bundle> => {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir },
    absWorkingDir: here,
    outdir: here,
    bundle: true,
    format: "esm",
    platform: "browser",
    minify: true,
    splitting: true,
    metafile: true,
    write: false,
    ...options
  })
  const modules = new Map<string, number>()
  const names = atOnce(
    "stdin.js",
    (chunk) =>
      metafile.outputs[chunk]?.imports.flatMap(({ kind, path }) => kind === "import-statement" ? [path] : []) ?? []
  )
  for (const name of names) {
    for (const [module, { bytesInOutput }] of Object.entries(metafile.outputs[name]?.inputs ?? {})) {
      if (bytesInOutput > 0) modules.set(module, bytesInOutput)
    }
  }
  const texts = names.map((name) => outputFiles.find(({ path }) => path === `${here}${name}`)?.text ?? "")
  return { modules, text: texts.join("\n") }
}

const rolled = async (contents: string): Promise<Bundle> => {
  const bundle = await rolldown({
    input: "program.js",
    platform: "browser",
    plugins: [{
      name: "program",
      resolveId: (id) => id === "program.js" ? `${here}program.js` : null,
      load: (id) => id === `${here}program.js` ? contents : null
    }]
  })
  const { output } = await bundle.generate({ format: "esm", minify: true })
  await bundle.close()
  const chunks = new Map(output.flatMap((file) => file.type === "chunk" ? [[file.fileName, file] as const] : []))
  const modules = new Map<string, number>()
  const names = atOnce(output[0].fileName, (name) => chunks.get(name)?.imports ?? [])
  for (const name of names) {
    for (const [module, { renderedLength }] of Object.entries(chunks.get(name)?.modules ?? {})) {
      if (renderedLength > 0) modules.set(module, renderedLength)
    }
  }
  return { modules, text: names.map((name) => chunks.get(name)?.code ?? "").join("\n") }
}

/** The files of the library, and those that no program with a plain secret needs. */
const own = /client-credentials\/dist\/(.*)\.js$/
const unneeded = [
  "internal/http/proofKey",
  "internal/http/signing",
  "internal/protocol/importedKey",
  "LegacyToken",
  "IssuanceBudget",
  "internal/token/ledger",
  "SharedTokens",
  "TokenStore",
  "TokenSeal",
  "JwkSet",
  "Mcp",
  "NodeTls",
  "PromiseClient",
  "ProtectedResource"
]

/** Strings in their code that minifiers keep: the types of a proof and of PEM. */
const signs = ["dpop+jwt", "BEGIN PRIVATE KEY"]

const found = ({ modules }: Bundle) => [...modules.keys()].flatMap((path) => own.exec(path)?.[1] ?? [])

const isFree = (bundle: Bundle) => {
  assert.include(found(bundle), "TokenCache")
  assert.notIncludeMembers(found(bundle), unneeded)
  assert.deepStrictEqual([...bundle.modules.keys()].filter((path) => path.includes("node_modules/jose/")), [])
  for (const text of signs) assert.notInclude(bundle.text, text)
}

describe("a program with a plain secret does not include DPoP, JOSE, fleets and legacy tokens", () => {
  it("by esbuild, from the modules", async () => isFree(await esbuild(byModule)))
  it("by rolldown, from the modules", async () => isFree(await rolled(byModule)))
  it("by rolldown, from the index", async () => isFree(await rolled(byIndex)))

  it("by esbuild, from the index, whose namespaces it keeps whole: without DPoP, JOSE and legacy tokens", async () => {
    const bundle = await esbuild(byIndex)
    for (
      const name of ["internal/http/proofKey", "internal/http/signing", "internal/protocol/importedKey", "LegacyToken"]
    ) {
      assert.notInclude(found(bundle), name)
    }
    for (const text of signs) assert.notInclude(bundle.text, text)
  })

  it("except in a bundle of a single file", async () => {
    const bundle = await esbuild(byModule, { splitting: false })
    assert.includeMembers(found(bundle), ["internal/http/proofKey", "internal/protocol/importedKey"])
    for (const text of signs) assert.include(bundle.text, text)
  })
})

describe("its size", () => {
  const kilobytes = (text: string) => gzipSync(text, { level: 9 }).length / 1000

  it("is a small part of Effect's size", async () => {
    const [all, apart] = await Promise.all([
      esbuild(byModule),
      esbuild(byModule, { external: ["effect", "effect/*", "@effect/*"] })
    ])
    const [whole, own] = [kilobytes(all.text), kilobytes(apart.text)]
    console.log(`minified and gzipped: ${own.toFixed(1)} kB, with Effect and its HTTP client ${whole.toFixed(1)} kB`)
    // A third of it parses error responses of real servers, redacts them, and guards against the HTTP client beneath; a
    // tenth validates options and states what to change; 1.5 kB are for runtimes whose requests share no I/O.
    assert.isBelow(own, 47.5)
    assert.isBelow(own, 0.36 * whole)
  })
  it("on Effect 4, compared with a program without the library, does not include the module Schema", async () => {
    const [all, without] = await Promise.all(
      [byModule, bare].map((program) => esbuild(onEffect4(program), { resolveDir: amongThoseForEffect4 }))
    )
    assert.isDefined(all)
    assert.isDefined(without)
    const added = kilobytes(all.text) - kilobytes(without.text)
    console.log(`on Effect 4, minified and gzipped: ${added.toFixed(1)} kB beyond HttpClient.get`)
    assert.deepStrictEqual([...all.modules.keys()].filter((path) => /\/effect\/dist\/Schema/.test(path)), [])
    // 44 kB of it are the library's; the rest are parts of Effect: streams, metrics, schedules, layers.
    assert.isBelow(added, 58)
  })
})
