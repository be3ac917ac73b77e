/**
 * `effect-oauth simulate`: predicts the number of tokens that a fleet requests.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import * as durationText from "../durationText.js"
import { type Failure, usage } from "../Failure.js"
import * as plot from "../plot.js"
import { own } from "../profileText.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as simulation from "../simulation.js"
import * as table from "../table.js"
import { wrap } from "../wrap.js"

export interface Options extends Common {
  readonly fleet: string
  readonly restarts: number
  readonly audiences: number
  readonly tokenLife: Option.Option<string>
  readonly limit: Option.Option<number>
  readonly oneTokenPerClient: boolean
  readonly plot: boolean
  readonly json: boolean
}

/** A value, and its source for a sentence. */
interface Sourced {
  readonly value: number
  readonly from: string
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 })

const maxSize = 1_000_000

/** The profile or the environment, where one is named or there is one. */
const chosen = ({ profile }: Options): Effect.Effect<settings.Settings | undefined, Failure, Screen> =>
  Option.isSome(profile)
    ? settings.load(profile)
    : Effect.orElseSucceed(settings.load(profile), () => undefined)

const limitOf = (options: Options, found: settings.Settings | undefined): Effect.Effect<Sourced, Failure> => {
  if (Option.isSome(options.limit)) {
    return options.limit.value < 1
      ? usage("--limit must be 1 or more tokens a day.")
      : Effect.succeed({ value: options.limit.value, from: "--limit" })
  }
  const text = found?.values[own.tokensPerDay] ?? ""
  return Effect.succeed(
    /^[1-9]\d{0,6}$/.test(text)
      ? { value: Number(text), from: `${own.tokensPerDay}, from ${found?.origin}` }
      : { value: 50, from: "by default; see --limit" }
  )
}

const lifeOf = (options: Options, found: settings.Settings | undefined): Effect.Effect<Sourced, Failure, Screen> =>
  Effect.gen(function*() {
    const text = Option.getOrUndefined(options.tokenLife)
    if (text === undefined) {
      const { life } = yield* Effect.promise(() => import("../cachedLife.js"))
      const cached = found === undefined ? undefined : yield* life(found)
      return cached !== undefined && cached >= 1000
        ? { value: cached, from: `that of the cached token, from ${found?.origin}` }
        : { value: 86_400_000, from: "by default; see --token-life" }
    }
    const life = Option.getOrUndefined(durationText.read(text))
    return life === undefined || life < 1000
      ? yield* usage(
        `--token-life ${text} is not a duration.`,
        "Pass 24h, 15min or 3600s: the expires_in of the server."
      )
      : { value: life, from: "--token-life" }
  })

/** `10`, or `4..20` for a fleet that is scaled every day. */
const sizes = (text: string): Effect.Effect<Pick<simulation.Fleet, "least" | "most">, Failure> => {
  const [, first = "", second = first] = /^(\d{1,6})(?:\.\.(\d{1,6}))?$/.exec(text) ?? []
  const [least, most] = [Number(first), Number(second)]
  return first === "" || most < 1 || most < least
    ? usage("--fleet must be a number of processes from 1 on, or a range such as 4..20.")
    : Effect.succeed({ least, most })
}

const checked = (options: Options) =>
  Effect.gen(function*() {
    const { audiences, restarts } = options
    if (restarts < 0) return yield* usage("--restarts must be 0 or more a day.")
    if (restarts > 0 && restarts < 0.01) return yield* usage("--restarts must be 0, or 0.01 or more a day.")
    if (audiences < 1) return yield* usage("--audiences must be 1 or more.")
    const size = yield* sizes(options.fleet)
    const found = yield* chosen(options)
    const limit = yield* limitOf(options, found)
    const life = yield* lifeOf(options, found)
    const fleet: simulation.Fleet = { ...size, restarts, audiences, tokenLife: life.value }
    return simulation.size(fleet) > maxSize
      ? yield* usage(
        "That is more than this simulation goes through.",
        "Pass a smaller fleet, fewer restarts or a longer lifetime."
      )
      : { fleet, limit, life }
  })

const sentence = (fleet: simulation.Fleet, limit: number, separate: number, shared: number): string => {
  if (separate <= limit) return "Either way keeps the limit; sharing keeps it however large the fleet grows."
  const largest = simulation.largestWithin(limit, fleet, fleet.most)
  const alone = largest === undefined
    ? "Not even one process alone keeps it"
    : `Without sharing, ${largest} ${largest === 1 ? "process is" : "processes are"} the most`
  return shared <= limit
    ? `${alone}. Share tokens in a store that all processes use, and the limit is kept.`
    : `${alone}, and sharing does not help: the lifetime of a token is too short for this limit. Have one of them raised.`
}

const rounded = (value: number): number => value < 10 ? Math.round(value * 10) / 10 : Math.round(value)

const asJson = (outcome: simulation.Outcome) => ({
  tokens_a_day: rounded(outcome.perDay),
  steady_peak: outcome.steady,
  cold_start: outcome.coldStart,
  peak: simulation.peak(outcome)
})

const row = (
  mark: string,
  name: string,
  outcome: simulation.Outcome,
  limit: number,
  { out }: Screen["Type"]
): ReadonlyArray<string> => {
  const left = limit - simulation.peak(outcome)
  return [
    `${mark} ${name}`,
    number.format(rounded(outcome.perDay)),
    number.format(outcome.steady),
    number.format(outcome.coldStart),
    left >= 0 ? out.green(`${number.format(left)} left`) : out.red(`${number.format(-left)} too many`)
  ]
}

/** The curves from one process to twice the fleet, as far as there is room. */
const curves = (fleet: simulation.Fleet, limit: number, { columns, out }: Screen["Type"]): string => {
  const most = Math.max(2, 2 * fleet.most)
  const room = Math.max(10, Math.floor(20 * maxSize / simulation.size(fleet)))
  const width = Math.min(60, most, room, Math.max(10, columns - 12))
  const fleets = Array.from(
    { length: width },
    (_, column) => simulation.resized(fleet, Math.max(1, Math.round(1 + column * (most - 1) / (width - 1))))
  )
  return plot.draw([
    { mark: out.red("●"), values: fleets.map((one) => simulation.peak(simulation.separate(one))) },
    { mark: out.green("○"), values: fleets.map((one) => simulation.peak(simulation.shared(one))) }
  ], {
    height: 11,
    limit: { value: limit, mark: out.yellow("┄") },
    from: "1 process",
    to: `${number.format(fleets.at(-1)?.most ?? 1)} processes`
  })
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const { fleet, life, limit } = yield* checked(options)
    if (options.oneTokenPerClient) {
      const { show } = yield* Effect.promise(() => import("../oneTokenPerClient.js"))
      yield* show({ fleet, life, limit }, options.json)
      return "success" as const
    }
    const screen = yield* Screen
    const { out, print, room, say } = screen
    const [separate, shared] = [simulation.separate(fleet), simulation.shared(fleet)]
    const assumptions = simulation.assumptions(fleet)
    if (options.json) {
      yield* print(JSON.stringify({
        ...fleet,
        processes: fleet.most,
        limit: limit.value,
        limit_from: limit.from,
        token_life_from: life.from,
        separate: asJson(separate),
        shared: asJson(shared),
        assumptions
      }))
      return "success" as const
    }
    const size = fleet.least === fleet.most ? number.format(fleet.most) : `${fleet.least} to ${fleet.most}`
    const apis = fleet.audiences === 1 ? "" : `, for ${fleet.audiences} audiences`
    yield* say(`${size} processes, each restarted ${fleet.restarts} times a day${apis}`)
    yield* say(
      `Tokens of ${durationText.show(life.value)} (${life.from}), refreshed after ${
        durationText.show(simulation.renewedAfter(life.value))
      }`
    )
    yield* say(`Limit of ${number.format(limit.value)} a day (${limit.from})\n`)
    if (options.plot) {
      yield* say(out.bold("most tokens in 24 h, a cold start included, by the size of the fleet"))
      yield* print(curves(fleet, limit.value, screen))
      yield* say(
        `${out.red("●")} each for itself  ${out.green("○")} one store for all  ${out.yellow("┄")} limit of ${
          number.format(limit.value)
        }`
      )
    } else {
      yield* print(table.draw(
        [
          ["", "a day", "most in 24 h", "cold start", ""].map(out.bold),
          row(out.red("●"), "each for itself", separate, limit.value, screen),
          row(out.green("○"), "one store for all", shared, limit.value, screen)
        ],
        ["left", "right", "right", "right", "right"],
        room
      ))
      yield* print(`\n${out.bold("Assumptions")}\n${assumptions.map((one) => `- ${wrap(one, room, 2)}`).join("\n")}`)
    }
    yield* say(`\n${sentence(fleet, limit.value, simulation.peak(separate), simulation.peak(shared))}`)
    return "success" as const
  })
