/**
 * A small fleet on a real store, while its server and the network in between fail at times that a seed determines.
 */
import {
  ApiClient,
  SharedClientCredentials,
  TokenCache,
  TokenSeal,
  type TokenStore
} from "@effect-oauth/client-credentials"
import { Context, Duration, Effect, Either, Exit, Layer, Random, Redacted, Schedule, Scope } from "effect"
import { assert } from "vitest"

import { sealKey } from "./sealKey.js"
import type { Period } from "./storeFaults.js"

export interface Engine<E> {
  /** A layer that opens a separate connection each time it is built. */
  readonly store: Layer.Layer<TokenStore.TokenStore, E>
  readonly faults: ReadonlyArray<Period>
}

const size = 4

/**
 * The limit of the budget. The fleet needs one token. Some more are refreshed by force; the rest may be lost to faults.
 */
export const limit = 12
const mostRefreshes = 4

const start = <E>(store: Engine<E>["store"]) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      Layer.fresh(
        SharedClientCredentials.layer({
          tokenUrl: "https://auth.test/token",
          clientId: "test-client",
          clientSecret: Redacted.make("test-secret"),
          apiBaseUrl: "https://api.test",
          issuanceBudget: { limit },
          tokenCache: { backOff: Schedule.spaced("50 millis"), retryTimeout: 0 }
        }).pipe(Layer.provide([store, TokenSeal.layer([sealKey(1)])]))
      ),
      scope
    )
    const cache = Context.get(context, TokenCache.TokenCache)
    return {
      call: Effect.flatMap(Context.get(context, ApiClient.ApiClient).get("/items"), ({ status }) =>
        Effect.sync(() => assert.strictEqual(status, 200))),
      refresh: Effect.flatMap(cache.get, cache.refresh),
      stop: Scope.close(scope, Exit.void),
      hasToken: false,
      isStopped: false
    }
  })

type Process = Effect.Effect.Success<ReturnType<typeof start>>

/** Sends a call, which may fail only in a process that never had a token. */
const call = (process: Process) =>
  Effect.gen(function*() {
    const had = process.hasToken
    const outcome = yield* Effect.either(process.call)
    if (process.isStopped) return
    if (Either.isRight(outcome)) process.hasToken = true
    else if (had) assert.fail(`a process with a usable token failed: ${outcome.left.message}`)
  })

/**
 * Causes a number of faults. Then every process gets a token, as each new one does; no call fails in a process that has
 * a usable token.
 */
export const survive = <E>(engine: Engine<E>, { seed, times }: { readonly seed: string; readonly times: number }) =>
  Effect.gen(function*() {
    const drawn = (yield* Effect.replicateEffect(Random.next, 50 * times).pipe(
      Effect.withRandom(Random.make(seed))
    )).values()
    const below = (most: number): number => Math.floor(most * Number(drawn.next().value))
    const later = (millis: number) => Effect.delay(Duration.millis(below(millis)))
    const processes = yield* Effect.replicateEffect(start(engine.store), size)
    const replace = (index: number) =>
      Effect.gen(function*() {
        const old = processes[index]
        if (old === undefined) return
        old.isStopped = true
        processes[index] = yield* start(engine.store)
        yield* old.stop
      })
    let refreshes = 0
    for (let time = 0; time < times; time += 1) {
      const { begin, end } = engine.faults[below(engine.faults.length)] ?? assert.fail("a fault")
      const calls = processes.flatMap((_, index) => [300, 600].map((millis) => ({ index, millis })))
      const refreshed = refreshes < mostRefreshes && below(2) === 0 ? processes[below(size)] : undefined
      if (refreshed !== undefined) refreshes += 1
      yield* Effect.all([
        begin.pipe(later(100), Effect.zipRight(end.pipe(later(600)))),
        ...calls.map(({ index, millis }) =>
          Effect.suspend(() => processes[index] === undefined ? Effect.void : call(processes[index])).pipe(
            later(millis)
          )
        ),
        ...(refreshed === undefined ? [] : [Effect.ignore(refreshed.refresh).pipe(later(600))]),
        ...(below(2) === 0 ? [replace(below(size)).pipe(later(600))] : [])
      ], { concurrency: "unbounded", discard: true })
    }
    const working = Effect.forEach(processes, (process) =>
      Effect.retry(process.call, {
        schedule: Schedule.spaced("50 millis"),
        while: (error) => error._tag === "TokenStoreError"
      }), { concurrency: "unbounded", discard: true })
    yield* working
    yield* Effect.forEach(processes.keys(), replace, { discard: true })
    yield* working
    yield* Effect.forEach(processes, ({ stop }) => stop, { discard: true })
  })
