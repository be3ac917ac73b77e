/**
 * `effect-oauth status`: the cached tokens, their remaining lifetimes, and the remaining budget. Requests no token.
 */
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as SharedTokens from "@effect-oauth/client-credentials/SharedTokens"
import * as TokenCache from "@effect-oauth/client-credentials/TokenCache"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { harmless } from "../ansi.js"
import * as client from "../client.js"
import * as durationText from "../durationText.js"
import { explain } from "../explain.js"
import * as fleetStore from "../fleetStore.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as table from "../table.js"

export interface Options extends Common {
  readonly all: boolean
  readonly check: boolean
  readonly json: boolean
}

interface Row {
  readonly from: string
  readonly client: string
  readonly authorization_server: string
  readonly token: "usable" | "expired" | "none" | "unknown"
  readonly scope: string | undefined
  readonly expires_at: string | undefined
  readonly expires_in: number | undefined
  readonly tokens_left_today: number | undefined
  readonly tokens_per_day: number | undefined
  readonly problem: string | undefined
}

const unknown = (from: string, clientId: string, error: unknown): Row => ({
  from,
  client: clientId,
  authorization_server: "",
  token: "unknown",
  scope: undefined,
  expires_at: undefined,
  expires_in: undefined,
  tokens_left_today: undefined,
  tokens_per_day: undefined,
  problem: explain(error).message
})

const row = (chosen: settings.Settings): Effect.Effect<Row, never, Screen> =>
  Effect.gen(function*() {
    const { request } = yield* ClientConfig.ClientConfig
    const token = yield* SharedTokens.stored
    const { budgetLeft } = yield* Effect.flatMap(TokenCache.TokenCache, ({ health }) => health)
    const limit = yield* client.budget(chosen)
    const now = yield* Clock.currentTimeMillis
    const life = token === undefined ? undefined : token.expiresAt - now
    return {
      from: chosen.profile ?? "environment",
      client: request.clientId,
      authorization_server: new URL(request.tokenUrl ?? request.issuer ?? "").host,
      token: life === undefined ? "none" as const : life > 0 ? "usable" as const : "expired" as const,
      scope: token?.scope?.join(" "),
      expires_at: token === undefined ? undefined : new Date(token.expiresAt).toISOString(),
      expires_in: life === undefined ? undefined : Math.max(0, Math.floor(life / 1000)),
      tokens_left_today: budgetLeft,
      tokens_per_day: limit?.limit,
      problem: undefined
    }
  }).pipe(
    Effect.provide(client.layer(settings.withoutApi(chosen))),
    Effect.catchAll((error) =>
      Effect.succeed(unknown(chosen.profile ?? "environment", chosen.values["OAUTH_CLIENT_ID"] ?? "", error))
    )
  )

const all = Effect.gen(function*() {
  const environment = yield* Effect.option(settings.load(Option.none()))
  const names = yield* settings.profiles
  const own = Option.toArray(environment).filter(({ profile }) => profile === undefined)
  return [
    ...(yield* Effect.forEach(own, row)),
    // A profile that cannot be read hides no other.
    ...(yield* Effect.forEach(names, (name) =>
      Effect.matchEffect(settings.load(Option.some(name)), {
        onFailure: (error) => Effect.succeed(unknown(name, "", error)),
        onSuccess: row
      })))
  ]
})

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const { complain, err, out, print, room } = yield* Screen
    const single = Effect.flatMap(
      Effect.tap(settings.load(options.profile), fleetStore.noted),
      (chosen) => Effect.map(row(chosen), (shown) => [shown])
    )
    const rows = yield* options.all ? all : single
    if (options.json) yield* print(JSON.stringify(rows))
    else {
      const paint = { usable: out.green, expired: out.yellow, none: out.dim, unknown: out.red }
      const cells = rows.map((one) => [
        harmless(one.from),
        harmless(one.client),
        one.authorization_server,
        paint[one.token](one.token),
        one.expires_in === undefined ? "" : durationText.show(Duration.toMillis(Duration.seconds(one.expires_in))),
        harmless(one.scope ?? ""),
        one.tokens_per_day === undefined ? "no limit set" : `${one.tokens_left_today ?? "?"} of ${one.tokens_per_day}`
      ])
      const head = ["from", "client", "authorization server", "token", "time left", "scope", "left today"]
      yield* print(table.draw([head.map(out.bold), ...cells], [], room))
    }
    const problems = rows.flatMap(({ from, problem }) => problem === undefined ? [] : [`${from}: ${problem}`])
    for (const problem of problems) yield* complain(`${err.red("error:")} ${harmless(problem)}`)
    if (problems.length > 0) return "configuration"
    return options.check && rows.some(({ token }) => token !== "usable") ? "unwell" : "success"
  })
