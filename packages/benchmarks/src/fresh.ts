/**
 * What a fresh process does for a measure. It prints one number for each thing that was measured, as JSON.
 *
 *   node fresh.js start MODULE TOKEN_URL API_URL     imports, makes a client, makes a call
 *   node fresh.js allocations MODULE                 bytes allocated by a call
 *   node fresh.js memory MODULE                      bytes held by a client with its token
 */
import type { Client, Surroundings } from "./contender.js"

const began = performance.now()

const [kind, module = "", tokenUrl = "", apiUrl = ""] = process.argv.slice(2)

interface Contender {
  /** Each has what it needs of the stacks. */
  readonly make: (
    surroundings: Omit<Surroundings, "stacks"> & { readonly stacks: Partial<Surroundings["stacks"]> }
  ) => Promise<Client>
}

const load = () => import(new URL(`contenders/${module}.js`, import.meta.url).href) as Promise<Contender>

const collect = () => {
  if (globalThis.gc === undefined) throw new Error("Expected --expose-gc")
  globalThis.gc()
  globalThis.gc()
}

const start = async () => {
  const usesEffect = module === "effectOauth" || module === "httpClient"
  const importing = performance.now()
  const { make } = await load()
  // The smallest transport that each can have: fetch, or its own.
  const more = usesEffect ? { httpClient: (await import("@effect/platform/FetchHttpClient")).layer } : {}
  const imported = performance.now()
  const client = await make({
    tokenUrl,
    apiUrl,
    clientId: process.env["CLIENT_ID"] ?? "",
    clientSecret: process.env["CLIENT_SECRET"] ?? "",
    fixedToken: process.env["FIXED_TOKEN"] ?? "",
    stacks: { fetch: globalThis.fetch, axios: {}, gaxios: {}, ...more }
  })
  const status = await client.call()
  const called = performance.now()
  if (status !== 200) throw new Error(`Expected 200, got ${status}`)
  await client.close()
  return { import: imported - importing, firstCall: called - importing, whole: called - began }
}

const allocations = async () => {
  const fake = await import("./transport/fake.js")
  const World = await import("./world.js")
  const { repeat } = await import("./repeat.js")
  const { make } = await load()
  const client = await make(fake.make(World.make()))
  await repeat(client, 2000, 1)
  const samples: Array<number> = []
  for (let round = 0; round < 5; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    await repeat(client, 500, 1)
    samples.push((process.memoryUsage().heapUsed - before) / 500)
  }
  return { bytes: samples.sort((a, b) => a - b)[2] ?? NaN }
}

const memory = async () => {
  const fake = await import("./transport/fake.js")
  const World = await import("./world.js")
  const { make } = await load()
  const surroundings = fake.make(World.make())
  const held: Array<Client> = []
  const clients = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const client = await make(surroundings)
      await client.call()
      held.push(client)
    }
    // What the calls left behind is not what the tokens hold.
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = await clients(100)
  const after = await clients(500)
  return { bytes: (after - before) / 500, clients: held.length }
}

const run = kind === "start" ? start : kind === "allocations" ? allocations : memory

process.stdout.write(JSON.stringify(await run()))
process.exit(0)
