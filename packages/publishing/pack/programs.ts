/**
 * The programs under test: the first example of the README, unchanged, with other transports, and for runtimes other
 * than Node.js; and token stores on other clients of Redis.
 */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

export type Major = 3 | 4

/** The differences in code between the majors of Effect. */
interface Dialect {
  /** The README's first example. */
  readonly example: URL
  readonly services: string
  readonly fetchImports: string
  /** The layer of node:http in `NodeHttpClient`. */
  readonly nodeHttp: string
  /** Provides the variables of `environment`. */
  readonly variables: string
}

const dialects: Readonly<Record<Major, Dialect>> = {
  3: {
    example: new URL("../../examples/src/quickstart.ts", import.meta.url),
    services: "NodeContext",
    fetchImports: `import { FetchHttpClient, FileSystem } from "@effect/platform"
import { ConfigProvider } from "effect"
`,
    nodeHttp: "layer",
    variables: "Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))"
  },
  4: {
    example: new URL("../../effect-4/generated/examples/src/quickstart.ts", import.meta.url),
    services: "NodeServices",
    fetchImports: `import { FetchHttpClient } from "effect/http"
import { ConfigProvider, FileSystem } from "effect"
`,
    nodeHttp: "layerNodeHttp",
    variables: "Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: environment }))"
  }
}

const tlsImport = "import * as NodeTls from \"@effect-oauth/client-credentials/NodeTls\"\n"

const nodeImports = ({ services }: Dialect) =>
  `import { ${["NodeRuntime", services].sort().join(", ")} } from "@effect/platform-node"\n`

const nodeEnding = ({ services }: Dialect) =>
  `const Api = ClientCredentials.layerEnv().pipe(
  Layer.provide(NodeTls.layerEnv()),
  Layer.provide(${services}.layer)
)

program.pipe(Effect.provide(Api), NodeRuntime.runMain)
`

/** Returns the ending with another transport, for programs that receive their environment as a value. */
const ending = ({ variables }: Dialect, transport: string) =>
  `const Api = ClientCredentials.layerEnv().pipe(
  Layer.provide([${transport}, FileSystem.layerNoop({})])
)

export const main = (environment: Readonly<Record<string, string>>) =>
  program.pipe(
    Effect.provide(Api),
    ${variables},
    Effect.runPromise
  )
`

/** Returns a program that runs `main` with the environment of the process. */
const inTerminal = (program: string) =>
  `import process from "node:process"
import { main } from "./${program}.ts"
await main(process.env as Record<string, string>)
`

/** Collects the output in runtimes without a terminal, and returns it or the error. */
const collected = `const printed: Array<string> = []
console.log = (...values) => printed.push(values.join(" "))
const outcome = (environment: Readonly<Record<string, string>>) =>
  main(environment).then(() => printed.join("\\n"), (error) => String(error?.stack ?? error))
`

/** Prints the name of each client on which a store works. */
const redis = `import { RedisTokenStore } from "@effect-oauth/redis"
import { Duration, Effect, Option } from "effect"
import * as ioredis54 from "ioredis-5.4"
import * as ioredis6 from "ioredis-6"
import process from "node:process"
import * as redis4 from "redis-4"
import * as redis5 from "redis-5"
import * as redis6 from "redis-6"

const port = Number(process.env["REDIS_PORT"])
const connection = { host: "127.0.0.1", port }
const url = \`redis://127.0.0.1:\${port}\`
const options = { url, disableOfflineQueue: true }

const four = redis4.createClient(options)
const five = redis5.createClient(options)
const six = redis6.createClient(options)
await Promise.all([four.connect(), five.connect(), six.connect()])

const clients: Readonly<Record<string, RedisTokenStore.Client>> = {
  "ioredis 5.4": new ioredis54.Redis(connection),
  "ioredis 6": new ioredis6.Redis(connection),
  "node-redis 4": { eval: (script, _, key, ...args) => four.eval(script, { keys: [key], arguments: args }) },
  "node-redis 5": { eval: (script, _, key, ...args) => five.eval(script, { keys: [key], arguments: args }) },
  "node-redis 6": { eval: (script, _, key, ...args) => six.eval(script, { keys: [key], arguments: args }) }
}

const lazily = { lazyConnect: true }
RedisTokenStore.fromClient(new ioredis54.Cluster([connection], lazily))
RedisTokenStore.fromClient(new ioredis6.Cluster([connection], lazily))

const check = (name: string, client: RedisTokenStore.Client) =>
  Effect.gen(function*() {
    const store = RedisTokenStore.fromClient(client)
    const entry = { value: name, expiresAt: Date.now() + 60_000 }
    const none = yield* store.load(name)
    const leased = yield* store.acquire(name, "one", Duration.minutes(1))
    const other = yield* store.acquire(name, "other", Duration.minutes(1))
    const swapped = yield* store.swap(name, 0, entry, "one")
    const late = yield* store.swap(name, 0, entry)
    const { entry: found, leasedFor } = yield* store.load(name)
    const isRight = Option.isNone(none.entry) && leased.done && !other.done && swapped.done && !late.done &&
      leasedFor === 0 && Option.exists(found, ({ generation, value }) => generation === 1 && value === name)
    console.log(isRight ? name : \`\${name} gave a wrong result\`)
  })

await Effect.runPromise(Effect.forEach(Object.entries(clients), ([name, client]) => check(name, client)))
process.exit()
`

const programs = (dialect: Dialect, example: string) => {
  const withTransport = (imports: string, layer: string) =>
    example
      .replace(nodeImports(dialect), dialect.fetchImports + imports)
      .replace(tlsImport, "")
      .replace(nodeEnding(dialect), ending(dialect, layer))
  return {
    "redis.ts": redis,
    "node.ts": example,
    "fetch.ts": withTransport("", "FetchHttpClient.layer"),
    // Not from the index, which includes Undici: with Effect 4, that needs Node 22.
    "nodeHttp.ts": withTransport(
      "import * as NodeHttpClient from \"@effect/platform-node/NodeHttpClient\"\n",
      `NodeHttpClient.${dialect.nodeHttp}`
    ),
    "terminal.ts": inTerminal("fetch"),
    "nodeHttpTerminal.ts": inTerminal("nodeHttp"),
    "worker.ts": `import { main } from "./fetch.ts"
${collected}
export default { fetch: async (_: Request, env: { ENVIRONMENT: string }) => new Response(await outcome(JSON.parse(env.ENVIRONMENT))) }
`,
    "page.ts": `import { main } from "./fetch.ts"
${collected}
const environment = await (await fetch("/environment")).json()
await fetch("/result", { method: "POST", body: await outcome(environment) })
`
  }
}

/** Writes the programs into a project. */
export const write = async (major: Major, project: string) => {
  const dialect = dialects[major]
  const example = await readFile(dialect.example, "utf8")
  for (const part of [nodeImports(dialect), tlsImport, nodeEnding(dialect)]) {
    if (!example.includes(part)) throw new Error(`The README's first example has changed; it no longer has\n${part}`)
  }
  for (const [name, text] of Object.entries(programs(dialect, example))) await writeFile(join(project, name), text)
}
