/**
 * The cost of a call with a cached token: on the transport in memory, without other costs, and on sockets.
 */
import { peers, promiseClients } from "../contenders.js"
import { collect, run } from "../freshProcess.js"
import { type Measure, scaled, type Settings } from "../measure.js"
import type { Row, Table } from "../result.js"

const calls = 400

const transports = [
  { name: "memory", title: "transport in memory", processes: 5, rounds: 15 },
  { name: "loopback", title: "sockets on loopback", processes: 3, rounds: 11 }
] as const

/** Returns the rows of libraries on `fetch`, with those of the library by promises. */
const onFetch = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  peers.flatMap(({ baseline, name }): ReadonlyArray<Row> => {
    const byPromises = promiseClients.find(({ of }) => of === name)
    const found = rows.find(({ contender }) => contender === (byPromises?.name ?? name))
    if (found === undefined) return []
    if (byPromises === undefined && baseline !== "bare fetch") {
      return [{ contender: name, absent: "is not based on `fetch`" }]
    }
    return [{ ...found, contender: name }]
  })

const compared = async (
  { name, processes, rounds, title }: (typeof transports)[number],
  settings: Settings
): Promise<ReadonlyArray<Table>> => {
  const rows = await collect(
    [
      ...peers.filter(({ name }) => settings.names?.includes(name) ?? true),
      ...promiseClients.filter(({ of }) => settings.names?.includes(of) ?? true)
    ],
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
  const ofClients = (key: "added" | "bare" | "own" | "share") =>
    rows(key).filter(({ contender }) => promiseClients.every((one) => one.name !== contender))
  return [
    {
      id: `${id}-added`,
      title: `Time added to a call, ${title}`,
      unit: "µs",
      better: "lower",
      rows: ofClients("added")
    },
    {
      id: `${id}-percent`,
      title: `Added time as a share of the bare call, ${title}`,
      unit: "%",
      better: "lower",
      rows: ofClients("share")
    },
    {
      id: `${id}-whole`,
      title: `Time of the whole call, ${title}`,
      unit: "µs",
      better: "lower",
      rows: ofClients("own")
    },
    {
      id: `${id}-bare`,
      title: `Time of the bare call, ${title}`,
      unit: "µs",
      better: "lower",
      rows: ofClients("bare")
    },
    {
      id: `${id}-fetch-whole`,
      title: `Time of the whole call by fetch (effect-oauth: PromiseClient.fetch), ${title}`,
      unit: "µs",
      better: "lower",
      rows: onFetch(rows("own"))
    },
    {
      id: `${id}-fetch-added`,
      title: `Time added to plain fetch (effect-oauth: PromiseClient.fetch), ${title}`,
      unit: "µs",
      better: "lower",
      rows: onFetch(rows("added"))
    }
  ]
}

export const cachedCall: Measure = {
  name: "cached-call",
  title: "Time added to a call with a cached token",
  method:
    "For each library, several separate processes, each with that library and the bare client of its HTTP stack: " +
    `${calls} calls in sequence, ${
      transports.map(({ rounds }) => rounds).join(" or ")
    } rounds of both in turns, after ${8 * calls} calls to warm up. The added time ` +
    "is the difference of the two, as the median of the rounds; the table shows the median of the processes. In memory " +
    "it is processor time; on sockets, to a server in a separate process, elapsed time. Garbage is collected between " +
    "batches and not counted here: see the next measure.",
  run: async (settings) => {
    const tables: Array<Table> = []
    for (const transport of transports) tables.push(...await compared(transport, settings))
    return tables
  }
}
