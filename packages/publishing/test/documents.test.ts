/** The documents name what exists: variables, errors, modules and types. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "vitest"

const root = fileURLToPath(new URL("../../..", import.meta.url))

const files = (...patterns: ReadonlyArray<string>): ReadonlyArray<string> =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...patterns], {
    cwd: root,
    encoding: "utf8"
  }).split("\n").filter((path) => path !== "")

const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8")

describe("the page of variables", () => {
  const page = read("guides/variables.md")

  /** The names in the first column of the tables. */
  const documented = [...page.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? [])

  /** Names that start as those of other programs do not, or of variables that the library only passes on. */
  const isVariable =
    /^(?:OAUTH|API|LEGACY|TOKEN_STORE|REDIS|UPSTASH|ACTIONS|IDENTITY|EFFECT_OAUTH|NODE_(?:TLS|EXTRA)|(?:HTTPS?|ALL|NO)_PROXY$)/

  const sources = ["client-credentials", "redis", "sql", "cli"].map((name) => `packages/${name}/src/*.ts`)

  const inCode = files(...sources).flatMap((path) => {
    const code = read(path).replaceAll(/^ *(?:\*|\/[/*]).*$/gm, "")
    return [...code.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|(?:https?|all|no)_proxy)"/g)]
      .map(([, name = ""]) => name.endsWith("proxy") ? name.toUpperCase() : name)
  })

  it("lists each variable that the packages read, once", () => {
    // A part of a name, and the variable of a program in the guides.
    const others = ["NODE_TLS", "TOKEN_STORE_DIR"]
    const variables = [...new Set(inCode.filter((name) => isVariable.test(name) && !others.includes(name)))]
    assert.isAbove(variables.length, 60)
    assert.deepStrictEqual([...documented].sort(), variables.sort())
  })

  it("lists the variables that the README names", () => {
    const named = read("README.md").match(/^\| .*?`(?:OAUTH|API|LEGACY_TOKEN)_.*? \|/gm) ?? []
    assert.includeMembers(documented, named.flatMap((cell) => cell.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []))
  })
})

it("the path of a call names modules, and no more than a reader can follow", () => {
  const path = read("guides/design.md").split("## ").find((section) => section.startsWith("The path of a call")) ?? ""
  const added = [...path.matchAll(/^\| (?:a token|none|it) is \w+ \| (.*) \|$/gm)].map(([, cell = ""]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)
  )
  const modules = files("packages/client-credentials/src")
  for (const name of added.flat()) {
    const inside = name.includes("/") ? `internal/${name}` : name
    assert.include(modules, `packages/client-credentials/src/${inside}.ts`)
  }
  assert.deepStrictEqual(added.map(({ length }) => length), [8, 8, 6])
})

describe("names in the documents", () => {
  const reports = files("packages/*/api.md", "packages/effect-4/api/*.md").map(read).join("\n")
  const exported = new Set(reports.match(/\b[A-Za-z]\w*/g))

  const documents = files("*.md").filter((path) =>
    !/\/api\.md$|CHANGELOG\.md$|^packages\/(?:effect-4\/api|benchmarks)\//.test(path)
  )

  /** Names of other libraries and platforms. */
  const foreign = new Set([
    "ApiMiddleware",
    "ClientSecretBasic",
    "ClientSecretJwt",
    "ClientSecretPost",
    "DurationSeconds",
    "EventSource",
    "FetchHttpClient",
    "FiberRef",
    "FiberRefs",
    "GetItem",
    "GetWebIdentityToken",
    "HttpRequestError",
    "HttpRouter",
    "InsufficientScopeError",
    "KeyValueStore",
    "ManagedRuntime",
    "ManagementClient",
    "McpClient",
    "NodeContext",
    "PrivateKeyJwt",
    "RequestError",
    "ResponseError",
    "TestClock",
    "TlsClientAuth",
    "TokenProvider",
    "TypeError",
    "UpdateItem",
    "WebSocket",
    "WithToken"
  ])

  for (const path of documents) {
    const prose = read(path).replaceAll(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, "")

    it(`of ${path}: errors, modules and types are exports`, () => {
      const named = [...prose.matchAll(/`([A-Z][a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, name = ""]) => name)
      assert.deepStrictEqual(named.filter((name) => !exported.has(name) && !foreign.has(name)), [])
    })
  }
})
