/**
 * Many days of a client in virtual time, with the events that programs meet: revoked tokens, an unavailable issuer,
 * network faults, callers that give up, clocks that are set, suspended machines, restarts.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { ApiClient, ClientCredentials, TokenRequest } from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import { Clock, Context, Effect, Exit, Fiber, Layer, Logger, Random, Redacted, Scope } from "effect"

import * as samples from "./samples.js"
import * as seam from "./seam.js"
import * as tally from "./tally.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** The time between two batches of calls. */
const step = 10_000

const audiences = Array.from({ length: 150 }, (_, index) => `https://api-${index}.example.com`)

/** An issuer and its API, whose state does not grow. */
const network = () => {
  const state = { tokens: 0, validFrom: 1, downUntil: 0 }

  const answer = ({ headers, url }: { readonly headers: Readonly<Record<string, string | undefined>>; url: string }) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      if (!url.startsWith("https://auth.")) {
        const token = Number(headers["authorization"]?.replace("Bearer token-", ""))
        return token >= state.validFrom ? Response.json({ ok: true }) : new Response("expired", { status: 401 })
      }
      if (now < state.downUntil) return new Response("down", { status: 503, headers: { "retry-after": "30" } })
      state.tokens += 1
      return Response.json({ access_token: `token-${state.tokens}`, token_type: "Bearer", expires_in: day / 1000 })
    })

  const client = HttpClient.make((request) =>
    Effect.gen(function*() {
      switch (yield* Random.nextIntBetween(0, 100)) {
        case 0:
          return yield* seam.reset(request)
        case 1:
          return new Response("overloaded", { status: 503 })
        case 2:
          return new Response("<!doctype html>")
        case 3:
          return yield* Effect.never
        case 4:
          yield* Effect.sleep(yield* Random.nextIntBetween(0, 40_000))
      }
      yield* Effect.sleep(yield* Random.nextIntBetween(1, 200))
      return yield* answer(request)
    }).pipe(Effect.map((response) => HttpClientResponse.fromWeb(request, response)))
  )

  return { state, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

const options: ClientCredentials.Options = {
  tokenUrl: "https://auth.example.com/token",
  clientId: "soak",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
}

export interface Options {
  /** The length of the run: in real time, or in virtual days, however long they take. */
  readonly length: { readonly seconds: number } | { readonly days: number }
  readonly seed: string
  readonly onSample?: (sample: samples.Sample, days: number) => Effect.Effect<void>
}

export interface Report {
  readonly days: number
  readonly tokens: number
  readonly calls: number
  readonly missing: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly growth: ReadonlyArray<samples.Growth>
}

/** Returns the fraction of the length that has passed. */
const passedOf = (length: Options["length"], virtual: () => number) =>
  Effect.map(
    Clock.currentTimeMillis,
    (started) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        "days" in length ? virtual() / (length.days * day) : (now - started) / (length.seconds * 1000))
  )

export const run = ({ length, onSample, seed }: Options): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const time = VirtualClock.make()
    const { layer, state } = network()
    const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withClock(effect, time.clock)
    const happens = (once: number, per: number) => Effect.map(Random.next, (drawn) => drawn < once * step / per)

    const start = Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* inTime(Layer.buildWithScope(Layer.provide(ClientCredentials.layer(options), layer), scope))
      return { api: Context.get(context, ApiClient.ApiClient), scope }
    }).pipe(Effect.orDie)

    const calls = tally.make()
    const call = (api: ApiClient.Client) =>
      Effect.gen(function*() {
        const [other, timeout] = [yield* Random.next, yield* Random.next]
        const audience = audiences[Math.floor(other * audiences.length * 5)]
        const asked = Effect.tap(api.get("/items"), (response) => Effect.ignore(response.text)).pipe(
          Effect.timeout(timeout < 0.05 ? timeout * 20_000 : 30_000)
        )
        yield* calls.count(audience === undefined ? asked : asked.pipe(TokenRequest.withOverrides({ audience })))
      })

    const found: Array<samples.Sample> = []
    const part = yield* passedOf(length, () => time.now().steady)
    let nextSample = 0
    let client = yield* start
    const restart = Effect.gen(function*() {
      yield* inTime(Scope.close(client.scope, Exit.void))
      client = yield* start
    })
    const begun = new Set<Fiber.RuntimeFiber<void>>()

    for (;;) {
      const passed = yield* part
      if (passed >= nextSample) {
        // All calls have ended by then, or they never will.
        yield* time.advance("5 minutes")
        const sample = yield* samples.take({ timers: time.sleepers() })
        found.push(sample)
        if (onSample !== undefined) yield* onSample(sample, Math.floor(time.now().steady / day))
        if (passed >= 1) break
        nextSample = passed + 1 / 40
      }
      if (yield* happens(4, day)) state.validFrom = state.tokens + 1
      if (yield* happens(1, day)) {
        state.downUntil = time.now().wall + (yield* Random.nextIntBetween(minute, 2 * hour))
      }
      if (yield* happens(0.5, day)) time.setWall(yield* Random.nextIntBetween(-10 * minute, 10 * minute))
      if (yield* happens(0.5, day)) time.suspend(yield* Random.nextIntBetween(minute, 6 * hour))
      if (yield* happens(0.2, day)) yield* restart
      for (let left = yield* Random.nextIntBetween(0, 4); left > 0; left -= 1) {
        const fiber = yield* Effect.forkDaemon(inTime(call(client.api)))
        begun.add(fiber)
        fiber.addObserver(() => begun.delete(fiber))
      }
      yield* time.advance(step)
    }
    yield* Scope.close(client.scope, Exit.void)
    yield* Fiber.interruptAll(begun)

    return {
      days: Math.floor(time.now().steady / day),
      tokens: state.tokens,
      calls: calls.made(),
      missing: tally.missing(calls) + calls.underWay(),
      outcomes: Object.fromEntries(calls.outcomes),
      growth: samples.growth(found)
    }
  }).pipe(Effect.withRandom(Random.make(seed)), seam.counted, Effect.provide(Logger.remove(Logger.defaultLogger)))
