/**
 * A singleton of a cluster that refreshes the token for all runners.
 */
import { Singleton } from "@effect/cluster"
import { SharedClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import { Config, Effect, Schedule } from "effect"

/**
 * Runs on one runner at a time, and on another one when that runner ends. It has a separate client, which refreshes the
 * token 5 minutes before its expiry and stores it.
 */
export const layer = Singleton.make(
  "oauth-refresher",
  Effect.gen(function*() {
    const { get } = yield* TokenCache.TokenCache
    const every = yield* Config.withDefault(Config.duration("REFRESHER_CHECKS_EVERY"), "10 seconds")
    yield* Effect.logInfo("This runner refreshes the token for all")
    yield* Effect.repeat(Effect.ignore(get), Schedule.spaced(every))
  }).pipe(Effect.provide(SharedClientCredentials.layerEnv()))
)

/**
 * Settings of the clients of all runners: they load a newer token 2 minutes before the expiry, when the singleton has
 * stored it. If it has not, they refresh the token themselves.
 */
export const tokenCache: TokenCache.Options = { refreshBefore: "2 minutes", refreshFraction: 0.15 }
