/**
 * The token for another program, which cannot refresh it: a token in its refresh window is replaced first.
 */
import type * as AccessToken from "@effect-oauth/client-credentials/AccessToken"
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as SharedTokens from "@effect-oauth/client-credentials/SharedTokens"
import * as TokenCache from "@effect-oauth/client-credentials/TokenCache"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import * as deadline from "./deadline.js"
import * as durationText from "./durationText.js"
import { explain } from "./explain.js"
import { Failure, usage } from "./Failure.js"
import { Screen } from "./Screen.js"
import type { Settings } from "./settings.js"
import * as storedTokens from "./storedTokens.js"
import * as tokenLife from "./tokenLife.js"

export interface Options extends deadline.Options {
  readonly fresh: boolean
  readonly minLife: Option.Option<string>
}

const minLifeOf = ({ minLife }: Options) => {
  if (Option.isNone(minLife)) return Effect.succeed(0)
  const millis = Option.getOrUndefined(durationText.read(minLife.value))
  return millis === undefined
    ? usage(`--min-life ${minLife.value} is not a duration.`, "Write 10min, 1h or 3600s.")
    : Effect.succeed(millis)
}

/** Replaces a token that expires too soon. If that fails, returns the cached token while it is valid. */
const lasting = (cached: AccessToken.AccessToken, minLife: number) =>
  Effect.gen(function*() {
    const { err, note } = yield* Screen
    const warn = (text: string) => note(`${err.yellow("warning:")} ${text}`)
    const now = yield* Clock.currentTimeMillis
    if (tokenLife.isUnreachable(cached, minLife)) {
      yield* warn(
        `Tokens of this server last ${durationText.show(cached.expiresAt - cached.requestedAt)}, so none lasts for ` +
          `--min-life ${durationText.show(minLife)}.`
      )
    }
    if (!tokenLife.isDue(cached, now, minLife)) return cached
    const cache = yield* TokenCache.TokenCache
    return yield* Effect.catchAll(cache.refresh(cached), (error) =>
      Effect.as(
        warn(
          `${explain(error).message} The cached token is used, which expires in ${
            durationText.show(cached.expiresAt - now)
          }.`
        ),
        cached
      ))
  })

/** The token that an earlier command kept, if it lasts. A store that cannot be read is reported by the token request. */
const stored = (minLife: number) =>
  Effect.gen(function*() {
    const token = yield* Effect.orElseSucceed(SharedTokens.stored, () => undefined)
    const now = yield* Clock.currentTimeMillis
    return token === undefined || tokenLife.isUnreachable(token, minLife) || tokenLife.isDue(token, now, minLife)
      ? undefined
      : token
  })

/** The token of the cache, or a new one. Loads what requests tokens. */
const requested = (chosen: Settings, options: Options, minLife: number) =>
  Effect.gen(function*() {
    const client = yield* Effect.promise(() => import("./client.js"))
    const cached = Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)
    return yield* Effect.flatMap(cached, (token) => lasting(token, minLife)).pipe(
      Effect.provide(client.layerAbove(chosen, options))
    )
  })

/** The token of the client; its connections are closed by then. */
export const token = (chosen: Settings, options: Options) =>
  Effect.gen(function*() {
    const minLife = yield* minLifeOf(options)
    const { certificateBoundTokens, dpop } = yield* ClientConfig.ClientConfig
    if (dpop !== undefined) {
      return yield* new Failure({
        outcome: "configuration",
        message:
          "The tokens of this client are bound to a key (OAUTH_DPOP, OAUTH_DPOP_KEY): an API rejects them without a " +
          "proof of that key.",
        remedy: "Use effect-oauth call, which proves that it has the key."
      })
    }
    const mayBeStored = !options.fresh && chosen.given === undefined && certificateBoundTokens !== true
    const found = mayBeStored ? yield* stored(minLife) : undefined
    return found ?? (yield* requested(chosen, options, minLife))
  }).pipe(Effect.provide(storedTokens.layer(chosen)), deadline.within(options, "authorizationServer"))
