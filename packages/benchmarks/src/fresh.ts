/**
 * Runs the part of a measure that needs a fresh process. Prints one number for each measurement, as JSON.
 *
 *   node fresh.js start NAME TOKEN_URL API_URL     imports, creates a client, sends a call
 *   node fresh.js cached NAME BARE TRANSPORT ROUNDS CALLS
 *                                                    microseconds of a call and of a call of the bare client
 *   node fresh.js allocations NAME CALLS [traced]  bytes allocated by a call, outside of a trace or within one
 *   node fresh.js signed NAME ROUNDS CALLS         microseconds of a token and of a call, by credential
 *   node fresh.js tenants NAME COUNT               the first answers of many clients, and what they hold
 *   node fresh.js memory NAME FIRST MORE ROUNDS    bytes used by a client with its token
 */
import type { Client } from "./contender.js"
import { byName, signed } from "./contenders.js"
import { summarize } from "./result.js"
import { type Credential, generateKey } from "./signed.js"

const began = performance.now()

const [kind, name = "", ...parameters] = process.argv.slice(2)

const load = (contender: string) => byName(contender).load()

const collect = () => {
  if (globalThis.gc === undefined) throw new Error("Expected --expose-gc")
  globalThis.gc()
  globalThis.gc()
}

const median = (samples: ReadonlyArray<number>): number => summarize("", samples).median

const start = async () => {
  const [tokenUrl = "", apiUrl = ""] = parameters
  const importing = performance.now()
  const { make } = await load(name)
  const imported = performance.now()
  const client = await make({
    tokenUrl,
    apiUrl,
    clientId: process.env["CLIENT_ID"] ?? "",
    clientSecret: process.env["CLIENT_SECRET"] ?? "",
    fixedToken: process.env["FIXED_TOKEN"] ?? "",
    // The smallest transport of each: fetch, or the library's own.
    stacks: { fetch: globalThis.fetch, axios: {}, gaxios: {}, agent: undefined }
  })
  const status = await client.call()
  const called = performance.now()
  if (status !== 200) throw new Error(`Expected 200, got ${status}`)
  await client.close()
  return { import: imported - importing, firstCall: called - importing, whole: called - began }
}

const onLoopback = async () => (await import("./transport/loopback.js")).serveApart()

const inMemory = async () => {
  const fake = await import("./transport/fake.js")
  const World = await import("./world.js")
  const world = World.make()
  return { world, surroundings: fake.make(world), close: () => Promise.resolve() }
}

/** Processor time of a call in microseconds. */
const processor = () => {
  const { system, user } = process.cpuUsage()
  return user + system
}

/** Elapsed time of a call in microseconds, for transports that wait. */
const clock = () => 1000 * performance.now()

/** Collects the garbage of one contender before the turn of the other, outside of the measurement. */
const cached = async () => {
  const [bareName = "", transport = "", rounds = "", calls = ""] = parameters
  const [elapsed, open] = transport === "loopback" ? [clock, onLoopback] : [processor, inMemory]
  const { close, surroundings } = await open()
  const { make, repeat } = await load(name)
  const own = await make(surroundings)
  const bare = await (await load(bareName)).make(surroundings)
  const cost = async (client: Client): Promise<number> => {
    await globalThis.gc?.({ type: "minor", execution: "sync" })
    const before = elapsed()
    await repeat(client, Number(calls), 1)
    return (elapsed() - before) / Number(calls)
  }
  for (const client of [own, bare]) await repeat(client, 8 * Number(calls), 1)
  const samples: Array<{ readonly own: number; readonly bare: number }> = []
  for (let round = 0; round < Number(rounds); round++) {
    const bareFirst = round % 2 === 0 ? await cost(bare) : undefined
    const ownCost = await cost(own)
    samples.push({ own: ownCost, bare: bareFirst ?? await cost(bare) })
  }
  await close()
  return {
    own: median(samples.map(({ own }) => own)),
    bare: median(samples.map(({ bare }) => bare)),
    added: median(samples.map(({ bare, own }) => own - bare))
  }
}

const allocations = async () => {
  const calls = Number(parameters[0])
  const isTraced = parameters[1] === "traced"
  const { make, repeat } = await load(name)
  const client = await make((await inMemory()).surroundings)
  await repeat(client, 4 * calls, 1, isTraced)
  const samples: Array<number> = []
  for (let round = 0; round < 5; round++) {
    collect()
    const before = process.memoryUsage().heapUsed
    await repeat(client, calls, 1, isTraced)
    samples.push((process.memoryUsage().heapUsed - before) / calls)
  }
  return { bytes: median(samples) }
}

const memory = async () => {
  const { inOneRuntime, make } = await load(name)
  const { surroundings } = await inMemory()
  const makeOne = await inOneRuntime?.(surroundings) ?? (() => make(surroundings))
  const kept: Array<Client> = []
  const clients = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const client = await makeOne()
      await client.call()
      kept.push(client)
    }
    // Garbage of the calls must not count as memory of the tokens.
    await new Promise((resolve) => setTimeout(resolve, 50))
    collect()
    return process.memoryUsage().heapUsed
  }
  const [first, more, rounds] = parameters.map(Number)
  // The first clients compile the code of all. The median leaves out the rounds in which more is compiled or a table grows.
  let before = await clients(first ?? 0)
  const samples: Array<number> = []
  for (let round = 0; round < (rounds ?? 0); round++) {
    const after = await clients(more ?? 0)
    samples.push((after - before) / (more ?? 0))
    before = after
  }
  return { bytes: median(samples), clients: kept.length }
}

/** The first call of one client for each tenant, all at the same time, in a process that has sent nothing before. */
const tenants = async () => {
  const count = Number(parameters[0])
  const { inOneRuntime, make } = await load(name)
  const { surroundings, world } = await inMemory()
  const makeOne = await inOneRuntime?.(surroundings) ?? (() => make(surroundings))
  collect()
  const before = process.memoryUsage().heapUsed
  const began = performance.now()
  const clients = await Promise.all(Array.from({ length: count }, makeOne))
  await Promise.all(clients.map((client) => client.call()))
  const ready = performance.now() - began
  await new Promise((resolve) => setTimeout(resolve, 50))
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  if (world.served() !== clients.length) throw new Error(`Expected ${count} answers, got ${world.served()}`)
  return { ready, bytes, requests: world.tokenRequests() }
}

const credentials: ReadonlyArray<Credential> = ["secret", "private_key_jwt", "dpop"]

/** Processor time: WebCrypto signs in other threads. */
const signing = async () => {
  const [rounds = 0, calls = 0] = parameters.map(Number)
  const make = await signed[name]?.()
  if (make === undefined) throw new Error(`${name} does not sign`)
  const key = await generateKey()
  const { surroundings } = await inMemory()
  const costs: Record<string, Array<number>> = {}
  const clients = await Promise.all(
    credentials.map(async (credential) => ({ credential, client: await make({ ...surroundings, credential, key }) }))
  )
  for (let round = -1; round < rounds; round++) {
    for (const { client, credential } of clients) {
      for (const kind of ["call", "refresh"] as const) {
        await globalThis.gc?.({ type: "minor", execution: "sync" })
        const before = processor()
        for (let done = 0; done < calls; done++) await client[kind]()
        // The first round warms up.
        if (round >= 0) (costs[`${credential} ${kind}`] ??= []).push((processor() - before) / calls)
      }
    }
  }
  return Object.fromEntries(Object.entries(costs).map(([one, samples]) => [one, median(samples)]))
}

const kinds: Readonly<Record<string, () => Promise<Readonly<Record<string, number>>>>> = {
  start,
  cached,
  allocations,
  memory,
  signed: signing,
  tenants
}

const run = kinds[kind ?? ""]
if (run === undefined) throw new Error(`Expected one of ${Object.keys(kinds).join(", ")}`)
process.stdout.write(JSON.stringify(await run()))
process.exit(0)
