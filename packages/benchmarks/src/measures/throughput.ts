/**
 * Calls per second, with few and many concurrent callers.
 */
import { openAll } from "../clients.js"
import type { Surroundings } from "../contender.js"
import { interleaved, type Measure, scaled, type Settings } from "../measure.js"
import { summarize, type Table } from "../result.js"
import * as fake from "../transport/fake.js"
import * as loopback from "../transport/loopback.js"
import * as World from "../world.js"

const number = new Intl.NumberFormat("en")

interface Load {
  readonly callers: number
  readonly calls: number
  readonly rounds: number
}

const rates = async (
  { callers, calls, rounds }: Load,
  transport: string,
  surroundings: Surroundings,
  settings: Settings
): Promise<Table> => {
  const clients = await openAll(surroundings)
  const samples = new Map<string, Array<number>>(clients.map(({ contender }) => [contender.name, []]))
  const each = scaled(settings, calls)
  const many = Math.min(callers, each)
  // Warms up the tokens and the connections.
  for (const { client, repeat } of clients) await repeat(client, Math.min(each, 300), Math.min(many, 300))
  await interleaved(scaled(settings, rounds), clients, async ({ client, contender, repeat }) => {
    const before = performance.now()
    await repeat(client, each, many)
    samples.get(contender.name)?.push(1000 * each / (performance.now() - before))
  })
  for (const { client } of clients) await client.close()
  return {
    id: `throughput-${transport}-${callers}`,
    title: `Calls per second, ${number.format(callers)} ${callers === 1 ? "caller" : "concurrent callers"}, ${
      transport === "memory" ? "transport in memory" : "sockets on loopback"
    }`,
    unit: "calls/s",
    better: "higher",
    rows: [...samples].map(([name, all]) => summarize(name, all))
  }
}

const inMemory: ReadonlyArray<Load> = [
  { callers: 1, calls: 1000, rounds: 7 },
  { callers: 100, calls: 1500, rounds: 5 },
  { callers: 10_000, calls: 10_000, rounds: 2 }
]

const onLoopback: ReadonlyArray<Load> = [
  { callers: 1, calls: 200, rounds: 7 },
  { callers: 100, calls: 1500, rounds: 5 },
  { callers: 10_000, calls: 10_000, rounds: 2 }
]

export const throughput: Measure = {
  name: "throughput",
  title: "Calls per second with a cached token",
  method: "Elapsed time, in rounds. In memory, and on sockets to a server in a separate process, with " +
    `${loopback.connections} connections for each contender. On sockets, effect-oauth and the bare HttpClient use ` +
    "`NodeHttpClient.layerUndici`.",
  run: async (settings) => {
    const tables: Array<Table> = []
    for (const load of inMemory) tables.push(await rates(load, "memory", fake.make(World.make()), settings))
    const { close, surroundings } = await loopback.serveApart()
    for (const load of onLoopback) tables.push(await rates(load, "loopback", surroundings, settings))
    await close()
    return tables
  }
}
