/**
 * What a call costs when the token is there already: on the transport in memory, where nothing else costs, and on sockets.
 */
import { peers } from "../contenders.js"
import { collect, run } from "../freshProcess.js"
import { type Measure, scaled, type Settings } from "../measure.js"
import type { Table } from "../result.js"

const rounds = 15
const calls = 400

const transports = [
  { name: "memory", title: "transport in memory", processes: 5 },
  { name: "loopback", title: "sockets on loopback", processes: 3 }
] as const

const compared = async (
  { name, processes, title }: (typeof transports)[number],
  settings: Settings
): Promise<ReadonlyArray<Table>> => {
  const rows = await collect(
    peers.filter(({ name }) => settings.names?.includes(name) ?? true),
    scaled(settings, processes),
    async ({ baseline = "", name: contender }) => {
      const sample = await run<"added" | "bare" | "own">(
        ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"],
        [
          "cached",
          contender,
          baseline,
          name,
          `${scaled(settings, rounds)}`,
          `${scaled(settings, calls)}`
        ]
      )
      return { ...sample, share: 100 * sample.added / sample.bare }
    }
  )
  const id = `cached-call-${name}`
  return [
    { id: `${id}-added`, title: `Time added to a call, ${title}`, unit: "µs", better: "lower", rows: rows("added") },
    {
      id: `${id}-percent`,
      title: `The same as a share of the bare call, ${title}`,
      unit: "%",
      better: "lower",
      rows: rows("share")
    },
    { id: `${id}-whole`, title: `The whole call, ${title}`, unit: "µs", better: "lower", rows: rows("own") },
    { id: `${id}-bare`, title: `The bare call beside it, ${title}`, unit: "µs", better: "lower", rows: rows("bare") }
  ]
}

export const cachedCall: Measure = {
  name: "cached-call",
  title: "Time added to a call with a cached token",
  method:
    "For each library a process of its own, several times, with that library and the bare client of its HTTP stack in it: " +
    `${calls} calls one after another, ${rounds} rounds of both in turns, after ${
      8 * calls
    } to warm up. Added is the ` +
    "difference of the two, the median of the rounds; the table shows the median of the processes. In memory it is the " +
    "time of the processor; on sockets, to a server in a process of its own, that of the clock. Garbage is collected " +
    "between batches, and not counted here: see the next measure.",
  run: async (settings) => {
    const tables: Array<Table> = []
    for (const transport of transports) tables.push(...await compared(transport, settings))
    return tables
  }
}
