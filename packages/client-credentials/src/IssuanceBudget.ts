/**
 * How many tokens may be asked for: the issuer's daily limit, kept on this side.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

import * as budgets from "./internal/budget.js"
import { collect } from "./internal/problems.js"
import { InvalidConfig } from "./InvalidConfig.js"
import { IssuanceBudgetExhausted } from "./OAuthError.js"
import { type Occasion, type Service as EndpointService, TokenEndpoint } from "./TokenEndpoint.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore, TokenStoreError } from "./TokenStore.js"

/**
 * What is allowed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** How many tokens one client may ask for in a window, whatever they are for. */
  readonly limit: number
  /**
   * The window: any stretch of this length, or `{ timeZone }` for calendar days where the issuer counts. Default: 24
   * hours.
   */
  readonly window?: Duration.DurationInput | { readonly timeZone: string } | undefined
  /**
   * Which part of the limit is kept for those who have no token: beyond it none is renewed early, but used to its end.
   * Default: 1/5.
   */
  readonly reserveFraction?: number | undefined
  /** At which parts of the limit there is a warning in the log. Default: 0.8 and 1. */
  readonly warnAt?: ReadonlyArray<number> | undefined
}

const isTimeZone = (timeZone: string): boolean => {
  try {
    new Intl.DateTimeFormat("en", { timeZone })
    return true
  } catch {
    return false
  }
}

const policy = (options: Options): Effect.Effect<budgets.Budget, InvalidConfig> =>
  Effect.suspend(() => {
    const { expect, problems } = collect()
    const { limit, reserveFraction = 1 / 5, window = "24 hours" } = options
    expect("limit", Number.isInteger(limit) && limit > 0 ? limit : undefined, "a whole number from 1 on")
    expect(
      "reserveFraction",
      reserveFraction >= 0 && reserveFraction < 1 ? reserveFraction : undefined,
      "a fraction of the limit, from 0 to less than 1"
    )
    const zone = typeof window === "object" && "timeZone" in window ? window.timeZone : undefined
    if (zone !== undefined) {
      expect("window", isTimeZone(zone) ? zone : undefined, "a duration, or a time zone such as Europe/Amsterdam")
    }
    return problems.length > 0
      ? new InvalidConfig({ problems })
      : Effect.succeed({
        limit,
        reserve: Math.floor(limit * reserveFraction),
        window: zone === undefined
          ? { _tag: "Sliding", millis: Duration.toMillis(window as Duration.DurationInput) }
          : { _tag: "Day", timeZone: zone }
      })
  })

const Spent = Schema.parseJson(Schema.Array(Schema.Number))

/** Others may spend at the same moment; each try that fails means that one of them succeeded. */
const tries = 100

/**
 * A `TokenEndpoint` over that of the context that counts, in the `TokenStore`: all who share the store share the budget,
 * and a restart does not forget it.
 *
 * A request beyond the limit fails with `IssuanceBudgetExhausted`, which says when there will be room, and nothing is sent.
 * A request that was counted and failed stays counted, since the issuer may have counted it too. When the store fails
 * there is a warning, and the request is made: the issuer's own limit still stands.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<EndpointService, InvalidConfig, TokenEndpoint | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const budget = yield* policy(options)
    const endpoint = yield* TokenEndpoint
    const seal = yield* TokenSeal
    const store = yield* TokenStore
    const { clientId } = endpoint.request
    const place = yield* seal.name(`budget ${endpoint.request.endpoint} ${clientId}`)
    const { limit } = budget
    const thresholds = (options.warnAt ?? [0.8, 1]).map((part) => Math.ceil(part * limit))

    const spend = (occasion: Occasion | undefined) =>
      Effect.gen(function*() {
        const isRenewal = occasion?.reason === "renewal"
        for (let attempt = 0; attempt < tries; attempt += 1) {
          const now = yield* Clock.currentTimeMillis
          const entry = yield* store.load(place)
          const text = Option.isNone(entry) ? Option.none() : yield* seal.open(place, entry.value.value)
          const verdict = budgets.spend(
            budget,
            Option.getOrElse(Option.flatMap(text, Schema.decodeOption(Spent)), () => []),
            now,
            isRenewal
          )
          if (verdict._tag === "Refused") {
            return yield* new IssuanceBudgetExhausted({
              limit,
              resetsAt: verdict.resetsAt,
              retryAfter: Duration.millis(Math.max(0, verdict.resetsAt - now)),
              reserved: verdict.reserved
            })
          }
          const value = yield* seal.seal(place, JSON.stringify(verdict.spent))
          const generation = Option.isNone(entry) ? 0 : entry.value.generation
          if (yield* store.swap(place, generation, { value, expiresAt: now + 48 * 3_600_000 })) {
            const count = verdict.spent.length
            if (thresholds.includes(count)) {
              yield* Effect.logWarning(`${count} of ${limit} tokens of the client ${clientId} are spent.`)
            }
            return
          }
        }
        return yield* new TokenStoreError({ operation: "swap", problem: "too many at once" })
      })

    return {
      request: endpoint.request,
      requestToken: (request, occasion) =>
        spend(occasion).pipe(
          Effect.catchTag(
            "TokenStoreError",
            (error) => Effect.logWarning(`${error.message} The token is not counted.`)
          ),
          Effect.zipRight(Effect.suspend(() => endpoint.requestToken(request, occasion)))
        )
    }
  })

/**
 * The budget as a layer over a `TokenEndpoint`: the option `issuanceBudget` of `ClientCredentials.layerShared` puts it in
 * place, between the shared tokens and the network.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<TokenEndpoint, InvalidConfig, TokenEndpoint | TokenSeal | TokenStore> =>
  Layer.effect(TokenEndpoint, make(options))
