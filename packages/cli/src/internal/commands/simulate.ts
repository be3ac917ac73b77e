/**
 * `effect-oauth simulate`: what a fleet costs in tokens, before it does.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import * as durationText from "../durationText.js"
import { usage } from "../Failure.js"
import * as plot from "../plot.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as simulation from "../simulation.js"
import * as table from "../table.js"

export interface Options extends Common {
  readonly fleet: number
  readonly restarts: number
  readonly tokenLife: string
  readonly limit: number
  readonly json: boolean
}

const number = new Intl.NumberFormat("en")

const maxSize = 1_000_000

const checked = (options: Options) =>
  Effect.gen(function*() {
    const tokenLife = Option.getOrUndefined(durationText.read(options.tokenLife))
    if (tokenLife === undefined || tokenLife < 1000) {
      return yield* usage(
        `--token-life ${options.tokenLife} is no duration.`,
        "Say 24h, 15min or 3600s: what expires_in says."
      )
    }
    const { fleet, limit, restarts } = options
    if (fleet < 1) return yield* usage("--fleet must be 1 or more processes.")
    if (restarts < 0) return yield* usage("--restarts must be 0 or more a day.")
    if (limit < 1) return yield* usage("--limit must be 1 or more tokens a day.")
    const found = { processes: fleet, restarts, tokenLife }
    return simulation.size(found) > maxSize
      ? yield* usage(
        "That is more than this simulation goes through.",
        "Say a smaller fleet, fewer restarts or a longer life."
      )
      : found
  })

const sentence = (fleet: simulation.Fleet, limit: number, separate: number, shared: number): string => {
  if (separate <= limit) return "Either way keeps the limit; sharing keeps it however large the fleet grows."
  const largest = simulation.largestWithin(limit, fleet, fleet.processes)
  const alone = largest === undefined
    ? "Not even one process alone keeps it"
    : `Without sharing, ${largest} ${largest === 1 ? "process is" : "processes are"} the most`
  return shared <= limit
    ? `${alone}. Share tokens in a store (SharedClientCredentials.layer), and the limit is kept.`
    : `${alone}, and sharing does not help: the life of a token is too short for this limit. Have one of them raised.`
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const fleet = yield* checked(options)
    const { columns, out, print } = yield* Screen
    const { limit } = options
    const [separate, shared] = [simulation.separate(fleet), simulation.shared(fleet)]
    if (options.json) {
      yield* print(JSON.stringify({
        ...fleet,
        limit,
        separate: { tokens_a_day: separate.byHour.at(-1), peak: separate.peak },
        shared: { tokens_a_day: shared.byHour.at(-1), peak: shared.peak }
      }))
      return "success" as const
    }
    const row = (mark: string, name: string, { byHour, peak }: simulation.Outcome) => [
      `${mark} ${name}`,
      number.format(byHour.at(-1) ?? 0),
      number.format(peak),
      number.format(limit),
      peak <= limit
        ? out.green(`${number.format(limit - peak)} left`)
        : out.red(`${number.format(peak - limit)} too many`)
    ]
    const { processes, restarts, tokenLife } = fleet
    yield* print(
      `${number.format(processes)} processes, each restarted ${restarts} times a day, tokens of ${
        durationText.show(tokenLife)
      }, renewed after ${durationText.show(simulation.renewedAfter(tokenLife))}\n`
    )
    yield* print(table.draw([
      ["", "tokens a day", "most in 24 h", "limit", ""].map(out.bold),
      row(out.red("●"), "each for itself", separate),
      row(out.green("○"), "one store for all", shared)
    ], ["left", "right", "right", "right", "right"]))

    // From one process to twice the fleet, as far as there is room.
    const most = Math.max(2, 2 * processes)
    const room = Math.max(10, Math.floor(20 * maxSize / simulation.size(fleet)))
    const width = Math.min(60, most, room, Math.max(10, columns - 12))
    const fleets = Array.from({ length: width }, (_, column) => ({
      ...fleet,
      processes: Math.max(1, Math.round(1 + column * (most - 1) / (width - 1)))
    }))
    yield* print(`\n${out.bold("tokens in 24 h, by the size of the fleet")}`)
    yield* print(
      plot.draw([
        { mark: out.red("●"), values: fleets.map((one) => simulation.separate(one).peak) },
        { mark: out.green("○"), values: fleets.map((one) => simulation.shared(one).peak) }
      ], {
        height: 13,
        limit: { value: limit, mark: out.yellow("┄") },
        from: "1 process",
        to: `${number.format(fleets.at(-1)?.processes ?? 1)} processes`
      })
    )
    yield* print(`${out.yellow("┄")} limit of ${number.format(limit)}\n`)
    yield* print(sentence(fleet, limit, separate.peak, shared.peak))
    return "success" as const
  })
