/**
 * `effect-oauth budget`: the tokens that are counted, and how many may still be requested. It requests none.
 */
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as IssuanceBudget from "@effect-oauth/client-credentials/IssuanceBudget"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import { harmless } from "../ansi.js"
import * as client from "../client.js"
import * as durationText from "../durationText.js"
import { Failure } from "../Failure.js"
import * as fleetStore from "../fleetStore.js"
import { own } from "../profileText.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as table from "../table.js"

export interface Options extends Common {
  /** Resets the count before it is shown. */
  readonly reset: boolean
  readonly json: boolean
}

type Usage = Omit<IssuanceBudget.Ledger["limits"][number], "window">

type Row = readonly [window: string, usage: Usage]

const windowOf = (window: IssuanceBudget.Ledger["limits"][number]["window"]): string =>
  Duration.isDuration(window)
    ? `any ${durationText.show(Duration.toMillis(window))}`
    : `${window.calendar === "hour" ? "an" : "a"} ${window.calendar} of ${window.timeZone}`

const rowsOf = ({ announced, limits }: IssuanceBudget.Ledger): ReadonlyArray<Row> => [
  ...limits.map((one): Row => [windowOf(one.window), one]),
  ...announced.map((one): Row => [
    harmless(`${one.name}${one.organization === undefined ? "" : ` ${one.organization}`}`),
    one
  ])
]

const asJson = (clientId: string, { announced, left, limits, now }: IssuanceBudget.Ledger): string => {
  const usage = ({ counted, left, limit, roomAt }: Usage) => ({
    limit,
    counted,
    left,
    room_at: new Date(roomAt).toISOString()
  })
  return JSON.stringify({
    client: clientId,
    now: new Date(now).toISOString(),
    left,
    limits: limits.map(({ window, ...one }) => ({
      window: Duration.isDuration(window)
        ? { seconds: Duration.toSeconds(window) }
        : { calendar: window.calendar, time_zone: window.timeZone },
      ...usage(one)
    })),
    announced: announced.map((one) => ({ name: one.name, organization: one.organization, ...usage(one) }))
  })
}

const noLimit = new Failure({
  outcome: "configuration",
  message: "No limit is set, so nothing is counted.",
  remedy: `Set ${own.tokensPerDay} to the number of tokens that the server gives in a day.`
})

const layer = (chosen: settings.Settings) =>
  Layer.scoped(
    IssuanceBudget.IssuanceBudget,
    Effect.gen(function*() {
      const limit = yield* client.budget(chosen)
      return yield* limit === undefined ? noLimit : IssuanceBudget.make(limit)
    })
  )

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    yield* options.reset ? fleetStore.rejected(chosen) : fleetStore.noted(chosen)
    const { tokens } = yield* settings.places
    const show = Effect.gen(function*() {
      const { note, out, print, room } = yield* Screen
      const { clientId } = (yield* ClientConfig.ClientConfig).request
      const budget = yield* IssuanceBudget.IssuanceBudget
      if (options.reset) {
        yield* budget.reset
        yield* note(`The tokens of ${clientId} are counted from zero again.`)
      }
      yield* note(`Counted in the files of this machine: ${tokens}`)
      const ledger = yield* budget.ledger
      if (options.json) {
        yield* print(asJson(clientId, ledger))
        return "success" as const
      }
      const head = ["window", "counted", "left", "room"].map(out.bold)
      const rows = rowsOf(ledger).map(([window, { counted, left, limit, roomAt }]) => [
        window,
        `${counted} of ${limit}`,
        left > 0 ? out.green(`${left}`) : out.red("0"),
        left > 0 ? "now" : `in ${durationText.show(roomAt - ledger.now)}`
      ])
      yield* print(table.draw([head, ...rows], ["left", "right", "right", "left"], room))
      return "success" as const
    })
    return yield* Effect.provide(show, Layer.provideMerge(layer(chosen), client.layerBase(chosen)))
  })
