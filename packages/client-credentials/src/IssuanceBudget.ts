/**
 * How many tokens may be asked for: the issuer's daily limit, kept on this side.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

import { ClientConfig } from "./ClientConfig.js"
import * as parts from "./internal/config/parts.js"
import { watched } from "./internal/fleet/withTimeout.js"
import * as dialect from "./internal/protocol/dialect.js"
import * as issuerQuota from "./internal/protocol/issuerQuota.js"
import { obeyed } from "./internal/protocol/retryAfter.js"
import * as lifetime from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import * as tokenErrors from "./internal/seam/tokenErrors.js"
import { mayHaveIssued } from "./internal/token/issuance.js"
import * as budgets from "./internal/token/ledger.js"
import { type InvalidConfig, validate } from "./InvalidConfig.js"
import { IssuanceBudgetExhausted, type TokenError } from "./OAuthError.js"
import { type RequestOptions, TokenEndpoint } from "./TokenEndpoint.js"
import type { TokenRequest } from "./TokenRequest.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore, TokenStoreError } from "./TokenStore.js"

/**
 * The budget of a client: the tokens that may still be requested.
 *
 * @since 0.1.0
 * @category models
 */
export interface IssuanceBudget {
  /**
   * Returns the number of tokens that may still be requested with the configured request, by the tightest limit;
   * undefined while the store is unavailable. Sends no request.
   */
  readonly left: Effect.Effect<number | undefined>
  /** Returns an endpoint whose token requests count towards the budget, and fail with `IssuanceBudgetExhausted` beyond it. */
  readonly decorate: (endpoint: TokenEndpoint) => TokenEndpoint
}

/**
 * The budget in use.
 *
 * @since 0.1.0
 * @category tags
 */
export const IssuanceBudget = Context.GenericTag<IssuanceBudget>("@effect-oauth/client-credentials/IssuanceBudget")

/**
 * Options of the budget.
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
  /**
   * Whether what the issuer says about its own limits tightens this one. Switch it off for quotas that are announced and
   * not enforced. Default: true.
   */
  readonly followIssuerQuotas?: boolean | undefined
}

const Kept = Schema.parseJson(budgets.Ledger)

/** Others may spend at the same moment; each try that fails means that one of them succeeded. */
const tries = 100

/**
 * What a refused request says about the tokens that are left: none, for a while. The limit may be that of the
 * organization that the request names, so it stops no other.
 */
const limited = (
  error: TokenError,
  { limit, now, organization }: { readonly limit: number; readonly now: number; readonly organization: string }
): ReadonlyArray<issuerQuota.Quota> => {
  const isLimit = error._tag === "TokenErrorResponse"
    ? dialect.kindOf(error) === "limit"
    : error._tag === "TokenEndpointUnavailable" && error.detail === "429"
  const retryAfter = tokenErrors.retryAfterOf(error) ?? 0
  return isLimit && retryAfter > 0
    ? [{
      name: "retry-after",
      counts: organization === "" ? "client" : "organization",
      limit,
      remaining: 0,
      resetsAt: now + obeyed(retryAfter)
    }]
    : []
}

/**
 * Creates a budget that counts in the `TokenStore`: all processes that share the store share the budget, and a restart does
 * not forget it. When the scope ends, requests of its endpoints in flight are interrupted, and later ones fail with
 * `ClientClosed`.
 *
 * A request beyond the limit fails with `IssuanceBudgetExhausted`, which says when there will be room, and nothing is sent.
 * Tokens that were issued, or may have been, are counted. A request that certainly issued none is given back, so that an
 * outage does not spend the budget: one that was never sent (no secret, no metadata, no connection, a certificate that is
 * not trusted), and one that was refused, whatever the status. A time-out, a closed connection, a 504 of a gateway and a
 * successful response that cannot be used stay counted.
 *
 * What the issuer announces tightens the budget: the header `Auth0-Client-Quota-Limit` of any response for all tokens of
 * the client, `Auth0-Organization-Quota-Limit` for those of the organization that the request names (the parameter
 * `organization`), and 429 with `Retry-After`, for at most an hour. The 200 announced quotas with the least left are kept.
 * When the store fails there is a warning, and each process counts by itself from where
 * it was; the store is told when it is back.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<IssuanceBudget, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const budget = yield* validate(parts.issuanceBudget, options)
    const { request: configured } = yield* ClientConfig
    const { within } = yield* lifetime.make
    const seal = yield* TokenSeal
    const store = watched(yield* TokenStore)
    const { clientId } = configured
    const place = yield* seal.name(`budget ${configured.endpoint} ${clientId}`)
    const { limit } = budget
    const showLeft = (left: number) =>
      metrics.set(metrics.budgetLeft, left, { "oauth.client.id": metrics.clientLabel(clientId) })
    const thresholds = budget.warnAt.map((part) => Math.ceil(part * limit))

    /** The ledger as this process knows it, and what of it the store does not know. */
    const memory = yield* Ref.make({ ledger: budgets.empty, owed: [] as ReadonlyArray<budgets.Spend> })

    const look = Effect.gen(function*() {
      const entry = yield* store.load(place)
      const text = Option.isNone(entry) ? Option.none() : yield* seal.open(place, entry.value.value)
      const found = Option.flatMap(text, Schema.decodeOption(Kept))
      if (Option.isSome(entry) && Option.isNone(found)) {
        yield* Effect.logWarning(
          "What is counted in the store could not be opened, and is counted anew. Give all who share it the same keys " +
            "(TOKEN_STORE_KEY), the new one first."
        )
      }
      // A store that has lost it is told what is known here.
      const { ledger, owed } = yield* Ref.updateAndGet(memory, ({ ledger, owed }) => ({
        ledger: Option.match(found, {
          onNone: () => ledger,
          onSome: ({ quotas, spent }) => ({ quotas, spent: [...spent, ...owed] })
        }),
        owed
      }))
      return { ledger, owed, generation: Option.isNone(entry) ? 0 : entry.value.generation }
    })

    type Decision<A> = (ledger: budgets.Ledger, now: number) => { readonly ledger?: budgets.Ledger } & A

    /** Replaces the ledger by the one decided on, unless there is none, and gives the decision. */
    const decideInStore = <A>(decision: Decision<A>): Effect.Effect<A, TokenStoreError> =>
      Effect.gen(function*() {
        for (let attempt = 0; attempt < tries; attempt += 1) {
          const now = yield* Clock.currentTimeMillis
          const { generation, ledger, owed } = yield* look
          const decided = decision(ledger, now)
          if (decided.ledger === undefined) return decided
          const next = decided.ledger
          const value = yield* seal.seal(place, JSON.stringify(next))
          const expiresAt = Math.max(
            now + budgets.remembered(budget.window),
            ...decided.ledger.quotas.map(({ resetsAt }) => resetsAt)
          )
          if (yield* store.swap(place, generation, { value, expiresAt })) {
            yield* Ref.update(memory, (known) => ({ ledger: next, owed: known.owed.slice(owed.length) }))
            return decided
          }
        }
        return yield* new TokenStoreError({ operation: "swap", problem: "too many at once" })
      })

    /** The same without the store. */
    const decideAlone = <A>(decision: Decision<A>): Effect.Effect<A> =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(memory, (known) => {
          const decided = decision(known.ledger, now)
          const { ledger = known.ledger } = decided
          const more = budgets.without(ledger.spent, known.ledger.spent)
          const less = budgets.without(known.ledger.spent, ledger.spent)
          return [decided, { ledger, owed: budgets.without([...known.owed, ...more], less) }]
        }))

    const decide = <A>(decision: Decision<A>): Effect.Effect<A> =>
      Effect.catchAll(decideInStore(decision), (error) =>
        Effect.zipRight(
          Effect.logWarning(`${error.message} Tokens are counted by this process alone.`),
          decideAlone(decision)
        ))

    const spend = (occasion: RequestOptions | undefined, organization: string) =>
      Effect.gen(function*() {
        const { now, verdict } = yield* decide((ledger, now) => {
          const verdict = budgets.spend(budget, ledger, now, occasion?.reason === "renewal", organization)
          return verdict._tag === "Granted" ? { ledger: verdict.ledger, now, verdict } : { now, verdict }
        })
        if (verdict._tag === "Refused") {
          return yield* new IssuanceBudgetExhausted({
            limit: verdict.limit,
            by: verdict.by,
            resetsAt: verdict.resetsAt,
            retryAfter: Duration.millis(Math.max(0, verdict.resetsAt - now)),
            reserved: verdict.reserved
          })
        }
        yield* showLeft(verdict.left)
        return { ...verdict, spend: budgets.spendOf(now, organization) }
      })

    const warn = ({ count }: budgets.Granted): Effect.Effect<void> =>
      thresholds.includes(count)
        ? Effect.logWarning(
          `${count} of ${limit} tokens of the client ${clientId} are spent. If that is early, see the reasons in ` +
            "oauth.token.requests: with many cold ones, keep the store when programs end; with many rejected ones, find " +
            "out why the API refuses them."
        )
        : Effect.void

    const giveBack = ({ left, spend }: budgets.Granted & { readonly spend: budgets.Spend }): Effect.Effect<void> =>
      Effect.zipRight(
        decide((ledger) => ({ ledger: budgets.refunded(ledger, spend) })),
        showLeft(left + 1)
      )

    const hear = (quotas: ReadonlyArray<issuerQuota.Quota>, organization: string): Effect.Effect<void> =>
      quotas.length === 0
        ? Effect.void
        : Effect.asVoid(decide((ledger, now) => ({ ledger: budgets.heard(ledger, quotas, now, organization) })))

    const request = (
      endpoint: TokenEndpoint,
      wanted: TokenRequest,
      occasion: RequestOptions | undefined,
      organization: string
    ) => {
      const asked = endpoint.requestToken(wanted, occasion)
      return budget.followIssuerQuotas
        ? asked.pipe(
          Effect.tap(({ quotas }) => hear(quotas, organization)),
          Effect.tapError((error) =>
            Effect.flatMap(
              Clock.currentTimeMillis,
              (now) =>
                hear(
                  [...tokenErrors.quotasOf(error), ...limited(error, { limit, now, organization })],
                  organization
                )
            )
          )
        )
        : asked
    }

    const decorate = (endpoint: TokenEndpoint): TokenEndpoint => ({
      request: endpoint.request,
      requestToken: (wanted, occasion) =>
        within(Effect.gen(function*() {
          const organization = issuerQuota.organizationOf(wanted)
          const granted = yield* spend(occasion, organization)
          const outcome = yield* Effect.either(request(endpoint, wanted, occasion, organization))
          const isSpent = Either.isRight(outcome) || mayHaveIssued(outcome.left)
          yield* isSpent ? warn(granted) : giveBack(granted)
          return yield* outcome
        }))
    })

    return {
      decorate,
      left: Effect.gen(function*() {
        const { ledger } = yield* look
        const organization = issuerQuota.organizationOf(configured)
        const verdict = budgets.spend(budget, ledger, yield* Clock.currentTimeMillis, false, organization)
        return verdict._tag === "Granted" ? verdict.left + 1 : 0
      }).pipe(Effect.orElseSucceed(() => undefined))
    }
  })

/**
 * Provides the budget, and the `TokenEndpoint` of the context decorated with it: the option `issuanceBudget` of `SharedClientCredentials.layer` puts it in
 * place, between the shared tokens and the network.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<
  IssuanceBudget | TokenEndpoint,
  InvalidConfig,
  ClientConfig | TokenEndpoint | TokenSeal | TokenStore
> =>
  Layer.scopedContext(
    Effect.zipWith(TokenEndpoint, make(options), (endpoint, budget) =>
      Context.make(IssuanceBudget, budget).pipe(Context.add(TokenEndpoint, budget.decorate(endpoint))))
  )
