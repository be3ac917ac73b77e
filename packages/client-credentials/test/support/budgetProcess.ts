/**
 * Processes that share a budget.
 */
import {
  ClientConfig,
  IssuanceBudget,
  type OAuthError,
  TokenEndpoint,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Effect, Either, Layer, Option, Random } from "effect"

import * as scenario from "./scenario.js"
import { make as endpoint, request, type Script } from "./tokenEndpoint.js"

/** Seals nothing: the test counts the operations of the store. */
const open = Layer.succeed(TokenSeal.TokenSeal, {
  seal: (_, text) => Effect.succeed(text),
  open: (_, text) => Effect.succeed(Option.some(text)),
  name: (text) => Effect.succeed(text)
})

/** A budget of a process with the given clock, and a token request that counts towards it. */
export const process = (
  store: TokenStore.TokenStore,
  options: IssuanceBudget.Options,
  { clientId = "inventory-sync", script = {}, time = VirtualClock.make() }: {
    readonly clientId?: string
    readonly script?: Script
    readonly time?: Pick<VirtualClock.VirtualClock, "clock">
  } = {}
) =>
  Effect.gen(function*() {
    const budget = yield* IssuanceBudget.make({ warnAt: [], ...options }).pipe(
      Effect.provide([
        ClientConfig.layer({ ...scenario.options, clientId }),
        open,
        Layer.succeed(TokenStore.TokenStore, store)
      ])
    )
    const { count, layer } = endpoint(script)
    const counted = budget.decorate(yield* Effect.provide(TokenEndpoint.TokenEndpoint, layer))
    const { requestToken } = counted
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
    const askWith = (
      { counted }: Pick<TokenEndpoint.RequestOptions, "counted">
    ): Effect.Effect<Either.Either<Pick<TokenEndpoint.RequestOptions, "counted">, OAuthError.TokenError>> =>
      inTime(Effect.either(requestToken(request, { reason: "cold", replaces: undefined, counted })))
    const ask: Effect.Effect<Either.Either<unknown, OAuthError.TokenError>> = inTime(
      Effect.either(requestToken(request))
    )
    return { budget, count, endpoint: counted, inTime, ask, askWith }
  }).pipe(Effect.withClock(time.clock), Effect.withRandom(Random.make("seed")))

export const names = (outcomes: ReadonlyArray<Either.Either<unknown, { readonly _tag: string }>>) =>
  outcomes.map((one) => Either.isRight(one) ? "token" : one.left._tag)
