/** The parts of the library that a bundler keeps, and that a runtime imports, for the smallest useful program. */
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

import { assert, beforeAll, describe, it } from "@effect/vitest"
import { build, type BuildOptions } from "esbuild"
import { rolldown } from "rolldown"

import { assemble } from "../../../scripts/assemble.mjs"

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
const root = fileURLToPath(new URL("../../..", import.meta.url))

/** The folder in which the packages for Effect 4 resolve by their names. */
const amongThoseForEffect4 = fileURLToPath(new URL("../../effect-4/generated/", import.meta.url))

/** The code that is loaded when the program starts: the entry and its static imports, without dynamic imports. */
interface Bundle {
  readonly text: string
  /** Number of files. */
  readonly files: number
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
  return { files: names.length, modules, text: texts.join("\n") }
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
  return { files: names.length, modules, text: names.map((name) => chunks.get(name)?.code ?? "").join("\n") }
}

/** The files of the library, and those that no program with a plain secret needs. */
const own = /client-credentials\/dist\/(.*)\.js$/
const unneeded = [
  "internal/http/proofKey",
  "internal/http/signing",
  "internal/protocol/contentDecoding",
  "internal/protocol/importedKey",
  "internal/protocol/jose",
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

/** Beginning of the message of an error that only stores have. It is kept by a layer that is not marked as pure. */
const ofStores = "The token store could not"

const found = ({ modules }: Bundle) => [...modules.keys()].flatMap((path) => own.exec(path)?.[1] ?? [])

const isFree = (bundle: Bundle) => {
  assert.include(found(bundle), "TokenCache")
  assert.notIncludeMembers(found(bundle), unneeded)
  assert.deepStrictEqual([...bundle.modules.keys()].filter((path) => path.includes("node_modules/jose/")), [])
  for (const text of [...signs, ofStores]) assert.notInclude(bundle.text, text)
}

describe("a program with a plain secret does not include DPoP, JOSE, fleets and legacy tokens", () => {
  it("by esbuild, from the modules", async () => isFree(await esbuild(byModule)))
  it("by rolldown, from the modules", async () => isFree(await rolled(byModule)))
  it("by rolldown, from the index", async () => isFree(await rolled(byIndex)))

  it("by esbuild, from the index, whose namespaces it keeps whole: without DPoP, JOSE and legacy tokens", async () => {
    const bundle = await esbuild(byIndex)
    assert.notIncludeMembers(found(bundle), ["internal/http/proofKey", "internal/protocol/jose", "LegacyToken"])
    assert.deepStrictEqual([...bundle.modules.keys()].filter((path) => path.includes("node_modules/jose/")), [])
    assert.notInclude(bundle.text, "dpop+jwt")
  })

  it("except in a bundle of a single file", async () => {
    const bundle = await esbuild(byModule, { splitting: false })
    assert.includeMembers(found(bundle), ["internal/http/proofKey", "internal/protocol/importedKey"])
    for (const text of signs) assert.include(bundle.text, text)
  })
})

/** Returns the modules that a runtime imports for a program that is not bundled: its static imports, and theirs. */
const imported = async (contents: string, resolveDir: string): Promise<ReadonlyArray<string>> => {
  const { metafile } = await build({
    stdin: { contents, resolveDir, sourcefile: "program.js" },
    absWorkingDir: here,
    outdir: here,
    bundle: true,
    format: "esm",
    platform: "node",
    splitting: true,
    treeShaking: false,
    ignoreAnnotations: true,
    metafile: true,
    write: false
  })
  const entry = Object.keys(metafile.inputs).find((name) => name.endsWith("program.js")) ?? ""
  const found = atOnce(
    entry,
    (name) =>
      metafile.inputs[name]?.imports.flatMap(({ external, kind, path }) =>
        kind === "import-statement" && external !== true ? [path] : []
      ) ?? []
  )
  return found.filter((name) => name !== entry)
}

/**
 * Measures of the smallest program. They are counts, so they are the same on every machine, and were measured when the guide
 * to performance was written. Bytes may grow by 3 %, about what one more option with its validation takes; a module may
 * be added where it makes the code simpler, but not the dozen that an unintended import of fleets or keys brings. The program is
 * in two files: its entry, and what the code on demand uses too. Further code on demand that shares modules with it splits
 * it into more, which takes kilobytes for names and for the compression of each file. In the published package, the modules of
 * the program are one file, and each public module one that refers to it.
 */
const measured = {
  "Effect 3": { apart: 42.2, beyondBare: 44.4, modules: 104, filesOfIndex: 42, othersOfIndex: 15, modulesOfEffect: 8 },
  "Effect 4": { apart: 42.2, beyondBare: 48.4, modules: 104, filesOfIndex: 42, othersOfIndex: 7, modulesOfEffect: 5 }
}

describe("the smallest program", () => {
  const kilobytes = ({ text }: Bundle) => gzipSync(text, { level: 9 }).length / 1000
  let published = ""
  beforeAll(async () => {
    published = await assemble(root, "tree-shaking")
  })

  for (
    const [major, { convert, folder, limits }] of Object.entries({
      "Effect 3": { convert: (program: string) => program, folder: "packages", limits: measured["Effect 3"] },
      "Effect 4": { convert: onEffect4, folder: "packages/effect-4/generated", limits: measured["Effect 4"] }
    })
  ) {
    const [ours, without] = [convert(byModule), convert(bare)]

    it(`on ${major}, does not grow in bytes`, async () => {
      const resolveDir = join(published, folder)
      const whole = await esbuild(ours, { resolveDir })
      const apart = kilobytes(await esbuild(ours, { resolveDir, external: ["effect", "effect/*", "@effect/*"] }))
      const beyondBare = kilobytes(whole) - kilobytes(await esbuild(without, { resolveDir }))
      console.log(
        `${major}, minified and gzipped: ${apart.toFixed(1)} kB apart from Effect, ${
          beyondBare.toFixed(1)
        } kB beyond ` +
          `HttpClient.get, ${kilobytes(whole).toFixed(1)} kB together`
      )
      assert.isAtMost(whole.files, 2)
      assert.isBelow(apart, 1.03 * limits.apart)
      assert.isBelow(beyondBare, 1.03 * limits.beyondBare)
      for (const text of [...signs, ofStores]) assert.notInclude(whole.text, text)
    })

    it(`on ${major}, does not import more modules`, async () => {
      const resolveDir = join(root, folder)
      const all = await imported(ours, resolveDir)
      const ofBare = await imported(without, resolveDir)
      const modules = all.flatMap((path) => own.exec(path)?.[1] ?? [])
      const ofEffect = all.filter((path) => !own.test(path) && !ofBare.includes(path))
      console.log(`${major}: imports ${modules.length} modules, and ${ofEffect.length} of Effect beyond HttpClient.get`)
      assert.include(modules, "TokenCache")
      assert.notIncludeMembers(modules, unneeded)
      assert.isAtMost(modules.length, limits.modules + 4)
      assert.isAtMost(ofEffect.length, limits.modulesOfEffect + 2)
    })

    it(`on ${major}, reads three files of the published package, and by the index forty`, async () => {
      const resolveDir = join(published, folder)
      const ofProgram = (await imported(ours, resolveDir)).flatMap((path) => own.exec(path)?.[1] ?? [])
      assert.sameMembers(ofProgram, ["ApiClient", "ClientCredentials", "internal/core"])
      const ofBare = await imported(without, resolveDir)
      const all = await imported(convert(byIndex), resolveDir)
      const files = all.filter((path) => own.test(path))
      const others = all.filter((path) => !own.test(path) && !ofBare.includes(path))
      console.log(`${major}: reads ${files.length} files by the index, and ${others.length} of others`)
      assert.isAtMost(files.length, limits.filesOfIndex + 4)
      assert.isAtMost(others.length, limits.othersOfIndex + 2)
    })
  }

  it("on Effect 4, does not include the module Schema", async () => {
    const { modules } = await esbuild(onEffect4(byModule), { resolveDir: amongThoseForEffect4 })
    assert.deepStrictEqual([...modules.keys()].filter((path) => /\/effect\/dist\/Schema/.test(path)), [])
  })
})
