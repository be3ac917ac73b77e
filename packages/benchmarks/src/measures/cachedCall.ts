/**
 * What a call costs when the token is there already: on the transport in memory, where nothing else costs.
 */
import { openAll } from "../clients.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { repeat } from "../repeat.js"
import { type Row, summarize } from "../result.js"
import * as fake from "../transport/fake.js"
import * as World from "../world.js"

const rounds = 41
const warmUp = 4000
const calls = 400

export const cachedCall: Measure = {
  name: "cached-call",
  title: "Time added to a call with a cached token",
  method:
    `Processor time of ${calls} calls one after another on the transport in memory, ${rounds} rounds, after ${warmUp} calls ` +
    "to warm up. Added: the difference to the bare client of the same HTTP stack in the same round.",
  run: async (settings) => {
    const clients = await openAll(fake.make(World.make()))
    for (const { client } of clients) await repeat(client, scaled(settings, warmUp), 1)
    const samples = new Map<string, Array<number>>(clients.map(({ contender }) => [contender.name, []]))
    const each = scaled(settings, calls)
    await interleaved(scaled(settings, rounds), clients, async ({ client, contender }) => {
      const before = process.cpuUsage()
      await repeat(client, each, 1)
      const { system, user } = process.cpuUsage(before)
      samples.get(contender.name)?.push((user + system) / each)
    })
    for (const { client } of clients) await client.close()

    const paired = (figure: (own: number, bare: number) => number): ReadonlyArray<Row> =>
      clients.flatMap(({ contender: { baseline, name } }) => {
        const bare = baseline === undefined ? undefined : samples.get(baseline)
        if (bare === undefined) return []
        return [summarize(name, (samples.get(name) ?? []).map((own, round) => figure(own, bare[round] ?? NaN)))]
      })
    return [
      {
        id: "cached-call-added",
        title: "Time added to a call",
        unit: "µs",
        better: "lower",
        rows: paired((own, bare) => own - bare)
      },
      {
        id: "cached-call-added-percent",
        title: "The same as a share of the bare call",
        unit: "%",
        better: "lower",
        rows: paired((own, bare) => 100 * (own - bare) / bare)
      },
      {
        id: "cached-call-whole",
        title: "The whole call",
        unit: "µs",
        better: "lower",
        rows: [...samples].map(([name, all]) => summarize(name, all))
      }
    ]
  }
}
