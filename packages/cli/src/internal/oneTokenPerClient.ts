/**
 * A fleet at a server with one valid token per client, in virtual time and with the token caches of the library. Loaded
 * only where it is needed.
 */
import { Fleet } from "@effect-oauth/testing"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

import { usage } from "./Failure.js"
import { Screen } from "./Screen.js"
import type { Fleet as Processes } from "./simulation.js"
import * as table from "./table.js"

type Outcome = Pick<Fleet.Report, "calls" | "rejectedCalls" | "tokensPerDay">

const day = 86_400_000

/** Their calls are simulated one by one. */
const maxProcesses = 200

const number = new Intl.NumberFormat("en")

/** Two days, in which the processes each keep their own token or share one in a store. */
const simulate = ({ most, restarts, tokenLife }: Processes) => {
  const restartEvery = restarts === 0 ? undefined : day / restarts
  const plan = { instances: most, days: 2, tokenLife, restartEvery, onePerClient: "revoke" } as const
  const outcome = (shared: boolean) =>
    Effect.map(
      Fleet.simulate({ ...plan, shared }),
      ({ calls, rejectedCalls, tokensPerDay }): Outcome => ({ calls, rejectedCalls, tokensPerDay })
    )
  return Effect.all({ separate: outcome(false), shared: outcome(true) }).pipe(
    // The warnings of the simulated clients are not those of this command.
    Logger.withMinimumLogLevel(LogLevel.None)
  )
}

const checked = ({ audiences, least, most }: Processes) =>
  least !== most || audiences !== 1
    ? usage("--one-token-per-client simulates a fleet of one size, with one audience.")
    : most > maxProcesses
    ? usage(`--fleet must be at most ${maxProcesses} processes with --one-token-per-client.`)
    : Effect.void

const inJson = ({ calls, rejectedCalls, tokensPerDay }: Outcome) => ({
  tokens_by_day: tokensPerDay,
  calls,
  rejected_calls: rejectedCalls
})

/** Prints what the fleet costs. */
export const show = (fleet: Processes, limit: number, json: boolean) =>
  Effect.gen(function*() {
    yield* checked(fleet)
    const { out, print, room, say } = yield* Screen
    const { separate, shared } = yield* simulate(fleet)
    if (json) {
      return yield* print(
        JSON.stringify({ ...fleet, processes: fleet.most, limit, separate: inJson(separate), shared: inJson(shared) })
      )
    }
    const row = (mark: string, name: string, one: Outcome) => [
      `${mark} ${name}`,
      ...one.tokensPerDay.map((tokens) => tokens > limit ? out.red(number.format(tokens)) : number.format(tokens)),
      number.format(limit),
      `${number.format(one.rejectedCalls)} of ${number.format(one.calls)}`
    ]
    yield* say(
      `${number.format(fleet.most)} processes with a call every 5 min, at a server with one token per client\n`
    )
    yield* print(table.draw(
      [
        ["", "tokens on day 1", "on day 2", "limit", "calls rejected"].map(out.bold),
        row(out.red("●"), "each for itself", separate),
        row(out.green("○"), "one store for all", shared)
      ],
      ["left", "right", "right", "right", "right"],
      room
    ))
    return yield* say(
      separate.rejectedCalls > shared.rejectedCalls
        ? "\nWithout sharing, each new token revokes that of another process. Share tokens in a store that all processes use."
        : "\nNo process revokes the token of another one."
    )
  })
