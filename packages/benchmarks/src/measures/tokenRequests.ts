import { peers } from "../contenders.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { quantile, type Row, summarize, type Table } from "../result.js"
import { type Outcome, play, type Scenario, scenarios } from "./scenarios.js"

const noReplay = "does not replay rejected calls, so it sends no token request"

const rowsOf = (
  outcomes: ReadonlyMap<string, ReadonlyArray<Outcome>>,
  figure: (outcome: Outcome) => number
): ReadonlyArray<Row> => [...outcomes].map(([contender, all]) => summarize(contender, all.map(figure)))

const percentiles = [["p50", 0.5], ["p99", 0.99], ["p999", 0.999]] as const

/** The waits of the timed calls of a scenario. */
const waits = (
  { isTimed = false, name, title }: Scenario,
  outcomes: ReadonlyMap<string, ReadonlyArray<Outcome>>
): ReadonlyArray<Table> =>
  isTimed
    ? percentiles.map(([id, q]) => ({
      id: `${name}-${id}`,
      title: `Wait of a call, p${100 * q}: ${title}`,
      unit: "ms",
      better: "lower",
      rows: rowsOf(outcomes, (outcome) => quantile([...outcome.waits].sort((a, b) => a - b), q))
    }))
    : []

const measure = (scenario: Scenario): Measure => ({
  name: scenario.name,
  title: scenario.title,
  method: scenario.story,
  run: async (settings) => {
    const outcomes = new Map<string, Array<Outcome>>(peers.map(({ name }) => [name, []]))
    await interleaved(scaled(settings, scenario.plays), peers, async (contender) => {
      outcomes.get(contender.name)?.push(await play(scenario, contender))
    })
    const cannot = (row: Row): Row =>
      scenario.needsReplay && peers.some(({ name, replays }) => name === row.contender && !replays)
        ? { contender: row.contender, absent: noReplay }
        : row
    return [
      {
        id: `${scenario.name}-requests`,
        title: `Token requests: ${scenario.title}`,
        unit: "requests",
        better: "lower",
        rows: rowsOf(outcomes, ({ tokenRequests }) => tokenRequests).map(cannot)
      },
      {
        id: `${scenario.name}-failed`,
        title: `Failed callers: ${scenario.title}`,
        unit: "callers",
        better: "lower",
        rows: rowsOf(outcomes, ({ failed }) => failed)
      },
      {
        id: `${scenario.name}-failed-despite-token`,
        title: `Callers that failed while a token was valid: ${scenario.title}`,
        unit: "callers",
        better: "lower",
        rows: rowsOf(outcomes, ({ failedDespiteToken }) => failedDespiteToken)
      },
      ...waits(scenario, outcomes)
    ]
  }
})

export const tokenRequests: ReadonlyArray<Measure> = scenarios.map(measure)
