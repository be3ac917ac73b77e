import { peers } from "../contenders.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { type Row, summarize } from "../result.js"
import { type Outcome, play, type Scenario, scenarios } from "./scenarios.js"

const noReplay = "does not replay rejected calls, so it sends no token request"

const rowsOf = (
  outcomes: ReadonlyMap<string, ReadonlyArray<Outcome>>,
  figure: (outcome: Outcome) => number
): ReadonlyArray<Row> => [...outcomes].map(([contender, all]) => summarize(contender, all.map(figure)))

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
      }
    ]
  }
})

export const tokenRequests: ReadonlyArray<Measure> = scenarios.map(measure)
