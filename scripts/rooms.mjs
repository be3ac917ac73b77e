// The rooms of the library and the order in which they may import each other, and the imports of a package, as the compiler
// reads them. `doors.mjs` checks the imports and `architecture.mjs` draws them.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

import ts from "typescript"

/** The package that has rooms. */
export const library = "packages/client-credentials/src"

/** From top to bottom: a module may import from its own room and from those below it. A service is a public module. */
export const rooms = [
  { name: "clients", modules: ["ClientCredentials", "SharedClientCredentials", "PromiseClient", "LegacyToken"] },
  { name: "calls", modules: ["ApiClient", "Mcp"] },
  { name: "authorization", modules: ["Authorization", "ReplaySchedule"] },
  { name: "cache", modules: ["TokenCache"] },
  { name: "decorators", modules: ["SharedTokens", "IssuanceBudget"] },
  {
    name: "endpoints",
    modules: ["TokenEndpoint", "TokenRevocation", "TokenSeal", "TokenStore", "TokenStore/*"],
    except: ["TokenStore/contract"]
  },
  { name: "metadata", modules: ["ServerMetadata"] },
  { name: "configuration", modules: ["ClientConfig", "ClientConfig/*", "ProtectedResource", "NodeTls", "JwkSet"] },
  { name: "authentication", modules: ["ClientAuthentication", "Grant", "WorkloadIdentity"] },
  { name: "promise", modules: ["internal/promise/*"] },
  { name: "config", modules: ["internal/config/*"] },
  { name: "fleet", modules: ["internal/fleet/*"] },
  { name: "process", modules: ["internal/process/*"] },
  { name: "http", modules: ["internal/http/*"] },
  { name: "seam", modules: ["internal/seam/*"] },
  {
    name: "models",
    modules: [
      "OAuthError",
      "InvalidConfig",
      "AccessToken",
      "TokenRequest",
      "Challenge",
      "Signer",
      "TokenStore/contract",
      "internal/models/*"
    ]
  },
  { name: "token", modules: ["internal/token/*"], isPure: true },
  { name: "protocol", modules: ["internal/protocol/*"], isPure: true }
]

const matches = (pattern, name) => pattern.endsWith("/*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name

/** The room of a module, named by its path without `.ts`; undefined for one without a room. */
export const roomOf = (name) =>
  rooms.find(({ except = [], modules }) => modules.some((pattern) => matches(pattern, name)) && !except.includes(name))

export const levelOf = (name) => rooms.indexOf(roomOf(name))

/** The sources below a directory, as paths from it without `.ts`. */
export const modulesIn = (directory) =>
  readdirSync(directory, { recursive: true })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts"))
    .map((path) => path.slice(0, -3))
    .sort()

/** Returns the imports and re-exports of a module, including type imports, dynamic imports and `import()` types. */
export const importsOf = (directory, name) => {
  const text = readFileSync(join(directory, `${name}.ts`), "utf8")
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
}

/** The module that a relative import names, as a path from the directory; undefined for one of another package. */
export const resolve = (directory, name, specifier) =>
  specifier.startsWith(".")
    ? relative(directory, join(directory, dirname(name), specifier)).replaceAll("\\", "/").replace(/\.js$/, "")
    : undefined

/** The relative imports of every module of a directory. */
export const graphOf = (directory) =>
  new Map(
    modulesIn(directory).map((name) => [
      name,
      [...new Set(importsOf(directory, name).flatMap((specifier) => resolve(directory, name, specifier) ?? []))]
    ])
  )
