/**
 * What a call costs when the token is there already: on the transport in memory, where nothing else costs.
 */
import { type Open, openAll } from "../clients.js"
import type { Client } from "../contender.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { repeat } from "../repeat.js"
import { type Row, summarize } from "../result.js"
import * as fake from "../transport/fake.js"
import * as World from "../world.js"

const rounds = 41
const warmUp = 3000
const calls = 400

interface Pair extends Open {
  readonly bare: Client
  readonly samples: Array<{ readonly own: number; readonly bare: number }>
}

/** Microseconds of the processor for each call. Collecting the garbage of others is not among them. */
const cost = async (client: Client, calls: number): Promise<number> => {
  await globalThis.gc?.({ type: "minor", execution: "sync" })
  const before = process.cpuUsage()
  await repeat(client, calls, 1)
  const { system, user } = process.cpuUsage(before)
  return (user + system) / calls
}

const pairs = (all: ReadonlyArray<Open>): ReadonlyArray<Pair> =>
  all.flatMap((open) => {
    const bare = all.find(({ contender }) => contender.name === open.contender.baseline)
    return bare === undefined ? [] : [{ ...open, bare: bare.client, samples: [] }]
  })

export const cachedCall: Measure = {
  name: "cached-call",
  title: "Time added to a call with a cached token",
  method:
    `Processor time of ${calls} calls one after another on the transport in memory, ${rounds} rounds, after ${warmUp} ` +
    "calls to warm up. Each round measures each library and, right before or after it, the bare client of its HTTP stack; " +
    "added is the difference of the two. Garbage is collected between batches, and not counted here: see the next measure.",
  run: async (settings) => {
    const clients = await openAll(fake.make(World.make()))
    for (const { client } of clients) await repeat(client, scaled(settings, warmUp), 1)
    const each = scaled(settings, calls)
    const all = pairs(clients)
    await interleaved(scaled(settings, rounds), all, async ({ bare, client, samples }, round) => {
      if (round % 2 === 0) {
        const own = await cost(client, each)
        samples.push({ own, bare: await cost(bare, each) })
      } else {
        const bareCost = await cost(bare, each)
        samples.push({ own: await cost(client, each), bare: bareCost })
      }
    })
    for (const { client } of clients) await client.close()

    const rows = (figure: (sample: Pair["samples"][number]) => number): ReadonlyArray<Row> =>
      all.map(({ contender, samples }) => summarize(contender.name, samples.map(figure)))
    return [
      {
        id: "cached-call-added",
        title: "Time added to a call",
        unit: "µs",
        better: "lower",
        rows: rows(({ bare, own }) => own - bare)
      },
      {
        id: "cached-call-added-percent",
        title: "Time added, as a share of the bare call",
        unit: "%",
        better: "lower",
        rows: rows(({ bare, own }) => 100 * (own - bare) / bare)
      },
      {
        id: "cached-call-whole",
        title: "The whole call",
        unit: "µs",
        better: "lower",
        rows: rows(({ own }) => own)
      },
      {
        id: "cached-call-bare",
        title: "The bare call beside it",
        unit: "µs",
        better: "lower",
        rows: rows(({ bare }) => bare)
      }
    ]
  }
}
