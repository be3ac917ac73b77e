/** The first example of the README, as it is and for runtimes that are not Node: there it has another transport. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

const quickstart = new URL("../../examples/src/quickstart.ts", import.meta.url)

const nodeImports = "import { NodeContext, NodeRuntime } from \"@effect/platform-node\"\n"

const tlsImport = "import * as NodeTls from \"@effect-oauth/client-credentials/NodeTls\"\n"

const nodeEnding = `const Api = ClientCredentials.layerEnv().pipe(
  Layer.provide(NodeTls.layerEnv()),
  Layer.provide(NodeContext.layer)
)

program.pipe(Effect.provide(Api), NodeRuntime.runMain)
`

const fetchImports = `import { FetchHttpClient, FileSystem } from "@effect/platform"
import { ConfigProvider } from "effect"
`

const fetchEnding = `const Api = ClientCredentials.layerEnv().pipe(
  Layer.provide([FetchHttpClient.layer, FileSystem.layerNoop({})])
)

export const main = (environment: Readonly<Record<string, string>>) =>
  program.pipe(
    Effect.provide(Api),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
    Effect.runPromise
  )
`

/** Where there is no terminal, what is printed is collected, and told with what went wrong. */
const collected = `const printed: Array<string> = []
console.log = (...values) => printed.push(values.join(" "))
const told = (environment: Readonly<Record<string, string>>) =>
  main(environment).then(() => printed.join("\\n"), (error) => String(error?.stack ?? error))
`

const programs = (example: string) => ({
  "node.ts": example,
  "fetch.ts": example.replace(nodeImports, fetchImports).replace(tlsImport, "").replace(nodeEnding, fetchEnding),
  "terminal.ts": `import process from "node:process"
import { main } from "./fetch.ts"
await main(process.env as Record<string, string>)
`,
  "worker.ts": `import { main } from "./fetch.ts"
${collected}
export default { fetch: async (_: Request, env: { ENVIRONMENT: string }) => new Response(await told(JSON.parse(env.ENVIRONMENT))) }
`,
  "page.ts": `import { main } from "./fetch.ts"
${collected}
const environment = await (await fetch("/environment")).json()
await fetch("/result", { method: "POST", body: await told(environment) })
`
})

/** Puts the programs into a project; gives their names. */
export const write = async (project: string) => {
  const example = await readFile(quickstart, "utf8")
  for (const part of [nodeImports, tlsImport, nodeEnding]) {
    if (!example.includes(part)) throw new Error(`The README's first example has changed; it no longer has\n${part}`)
  }
  for (const [name, text] of Object.entries(programs(example))) await writeFile(join(project, name), text)
}
