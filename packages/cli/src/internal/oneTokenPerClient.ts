/**
 * A fleet at a server with one valid token per client, in virtual time and with the token caches of the library. Loaded
 * only where it is needed.
 */
import { Fleet } from "@effect-oauth/testing"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

import * as durationText from "./durationText.js"
import { usage } from "./Failure.js"
import { Screen } from "./Screen.js"
import { type Fleet as Processes, renewedAfter } from "./simulation.js"
import * as table from "./table.js"
import { wrap } from "./wrap.js"

type Outcome = Pick<Fleet.Report, "calls" | "rejectedCalls" | "tokensPerDay">

const day = 86_400_000

/** Days that are simulated. */
const days = 2

/** Each process makes a call every 5 minutes: the default of the simulation. */
const callsPerDay = 288

/** Tokens of a process in a day that other processes revoke, before it pauses: see `rejectionPauses` of the cache. */
const revokedPerDay = 35

/** The most tokens that are simulated, one by one. */
const maxTokens = 5000

/** The most tokens of one process. It requests at most one for each call. */
const tokensOf = ({ restarts, tokenLife }: Processes): number =>
  days * Math.min(callsPerDay, revokedPerDay + restarts + day / renewedAfter(tokenLife))

const assumptions = ({ most }: Processes): ReadonlyArray<string> => [
  `${
    most === 1 ? "One process makes" : `All ${most} processes start within 5 min, and each makes`
  } a call every 5 min, for ` +
  `${days} days.`,
  "Restarts are spread evenly. A process that restarts loses its tokens, unless they are in a store.",
  "The server issues tokens beyond the limit, and each token revokes the previous one of the client.",
  "A rejected call is repeated once with a new token."
]

const number = new Intl.NumberFormat("en")

/** Two days, in which the processes each keep their own token or share one in a store. */
const simulate = ({ most, restarts, tokenLife }: Processes) => {
  const restartEvery = restarts === 0 ? undefined : day / restarts
  const plan = { instances: most, days, tokenLife, restartEvery, onePerClient: "revoke" } as const
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

const checked = (fleet: Processes) => {
  if (fleet.least !== fleet.most || fleet.audiences !== 1) {
    return usage("--one-token-per-client simulates a fleet of one size, with one audience.")
  }
  const most = Math.floor(maxTokens / tokensOf(fleet))
  return fleet.most > most
    ? usage(
      "That is more than --one-token-per-client goes through, which simulates each call.",
      `Pass --fleet ${most} or less, fewer restarts or a longer lifetime.`
    )
    : Effect.void
}

const inJson = ({ calls, rejectedCalls, tokensPerDay }: Outcome) => ({
  tokens_by_day: tokensPerDay,
  calls,
  rejected_calls: rejectedCalls
})

/** A fleet with its limit, and the sources of both for a sentence. */
export interface Case {
  readonly fleet: Processes
  readonly limit: { readonly value: number; readonly from: string }
  readonly life: { readonly from: string }
}

/** Prints what the fleet costs. */
export const show = ({ fleet, life, limit: { from, value: limit } }: Case, json: boolean) =>
  Effect.gen(function*() {
    yield* checked(fleet)
    const { out, print, room, say } = yield* Screen
    const { separate, shared } = yield* simulate(fleet)
    if (json) {
      return yield* print(
        JSON.stringify({
          ...fleet,
          processes: fleet.most,
          limit,
          limit_from: from,
          token_life_from: life.from,
          separate: inJson(separate),
          shared: inJson(shared),
          assumptions: assumptions(fleet)
        })
      )
    }
    const row = (mark: string, name: string, one: Outcome) => [
      `${mark} ${name}`,
      ...one.tokensPerDay.map((tokens) => tokens > limit ? out.red(number.format(tokens)) : number.format(tokens)),
      number.format(limit),
      `${number.format(one.rejectedCalls)} of ${number.format(one.calls)}`
    ]
    yield* say(
      `${number.format(fleet.most)} processes with a call every 5 min, at a server with one token per client`
    )
    yield* say(`Tokens of ${durationText.show(fleet.tokenLife)} (${life.from})`)
    yield* say(`Limit of ${number.format(limit)} a day (${from})\n`)
    yield* print(table.draw(
      [
        ["", "tokens on day 1", "on day 2", "limit", "calls rejected"].map(out.bold),
        row(out.red("●"), "each for itself", separate),
        row(out.green("○"), "one store for all", shared)
      ],
      ["left", "right", "right", "right", "right"],
      room
    ))
    const assumed = assumptions(fleet).map((one) => `- ${wrap(one, room, 2)}`)
    yield* print(`\n${out.bold("Assumptions")}\n${assumed.join("\n")}`)
    return yield* say(
      separate.rejectedCalls > shared.rejectedCalls
        ? "\nWithout sharing, each new token revokes that of another process. Share tokens in a store that all processes use."
        : "\nNo process revokes the token of another one."
    )
  })
