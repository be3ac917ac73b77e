/**
 * The budget of token requests: the issuer's daily limit, counted by the client.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import { ClientConfig } from "./ClientConfig.js"
import * as parts from "./internal/config/parts.js"
import type * as rules from "./internal/config/rules.js"
import { validate } from "./internal/config/rules.js"
import * as keys from "./internal/fleet/key.js"
import * as ledgerStore from "./internal/fleet/ledgerStore.js"
import * as dialect from "./internal/protocol/dialect.js"
import * as issuerQuota from "./internal/protocol/issuerQuota.js"
import { obeyed } from "./internal/protocol/retryAfter.js"
import * as lifetime from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import * as tokenErrors from "./internal/seam/tokenErrors.js"
import { mayHaveIssued } from "./internal/token/issuance.js"
import * as ledgers from "./internal/token/ledger.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { IssuanceBudgetExhausted, type TokenError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore } from "./TokenStore.js"

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
  /** The most tokens that one client may request in a window, whatever they are for. */
  readonly limit: number
  /**
   * The window: any period of this length, or `{ timeZone }` for calendar days in the time zone in which the issuer counts.
   * Default: 24 hours.
   */
  readonly window?: Duration.DurationInput | { readonly timeZone: string } | undefined
  /**
   * The fraction of the limit that is reserved for callers without a token: while no more is left, tokens are not refreshed
   * early, but used until they expire. Default: 1/5.
   */
  readonly reserveFraction?: number | undefined
  /** The fractions of the limit at which a warning is logged. Default: 0.8 and 1. */
  readonly warnAt?: ReadonlyArray<number> | undefined
  /**
   * Whether quotas that the issuer announces tighten this limit. Set it to false for quotas that are announced and not
   * enforced. Default: true.
   */
  readonly followIssuerQuotas?: boolean | undefined
}

/** A token request that the budget allowed. */
interface Permit extends ledgers.Granted {
  readonly spend: ledgers.Spend
}

/**
 * The quota that an error states: none left until `Retry-After` has passed. The limit may be that of the organization that
 * the request names, so it affects no other.
 */
const rateLimitOf = (
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

/** The budget of a client on its ledger in the store. */
const operations = (
  { followIssuerQuotas, warnAt, ...budget }: rules.Settings<typeof parts.issuanceBudget>,
  { clientId, ledger }: { readonly clientId: string; readonly ledger: ledgerStore.LedgerStore }
) => {
  const { limit } = budget
  const thresholds = warnAt.map((part) => Math.ceil(part * limit))
  const showLeft = (left: number) =>
    metrics.set(metrics.budgetLeft, left, { "oauth.client.id": metrics.clientLabel(clientId) })

  const spend = (isRenewal: boolean, organization: string): Effect.Effect<Permit, IssuanceBudgetExhausted> =>
    Effect.gen(function*() {
      const { now, verdict } = yield* ledger.decide((current, now) => {
        const verdict = ledgers.spend(budget, current, now, isRenewal, organization)
        return verdict._tag === "Granted" ? { ledger: verdict.ledger, now, verdict } : { now, verdict }
      })
      if (verdict._tag === "Exhausted") {
        const { by, limit, reserved, resetsAt } = verdict
        const retryAfter = Duration.millis(Math.max(0, resetsAt - now))
        return yield* new IssuanceBudgetExhausted({ limit, by, resetsAt, retryAfter, reserved })
      }
      yield* showLeft(verdict.left)
      return { ...verdict, spend: ledgers.spendOf(now, organization) }
    })

  const warn = ({ count }: Permit): Effect.Effect<void> =>
    thresholds.includes(count)
      ? Effect.logWarning(
        `${count} of ${limit} tokens of the client ${clientId} are used. If that is early, see the reasons in ` +
          "oauth.token.requests: with many cold ones, keep the store when programs end; with many rejected ones, find " +
          "out why the API rejects them."
      )
      : Effect.void

  const giveBack = ({ left, spend }: Permit): Effect.Effect<void> =>
    Effect.zipRight(
      ledger.decide((current) => ({ ledger: ledgers.withoutSpend(current, spend) })),
      showLeft(left + 1)
    )

  /** Counts by the quotas that the issuer announced from now on. */
  const follow = (quotas: ReadonlyArray<issuerQuota.Quota>, organization: string): Effect.Effect<void> =>
    !followIssuerQuotas || quotas.length === 0
      ? Effect.void
      : Effect.asVoid(
        ledger.decide((current, now) => ({ ledger: ledgers.withQuotas(current, quotas, now, organization) }))
      )

  const followError = (error: TokenError, organization: string): Effect.Effect<void> =>
    Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        follow([...tokenErrors.quotasOf(error), ...rateLimitOf(error, { limit, now, organization })], organization)
    )

  const left = (organization: string): Effect.Effect<number | undefined> =>
    Effect.zipWith(
      ledger.read,
      Clock.currentTimeMillis,
      (current, now) => ledgers.left(budget, current, now, organization)
    ).pipe(Effect.orElseSucceed(() => undefined))

  return { spend, warn, giveBack, follow, followError, left }
}

/**
 * Creates a budget that counts in the `TokenStore`: all processes that share the store share the budget, and a restart does
 * not forget it. When the scope ends, requests of its endpoints in flight are interrupted, and later ones fail with
 * `ClientClosed`.
 *
 * A request beyond the limit fails with `IssuanceBudgetExhausted`, which states when there is room again, and nothing is
 * sent. Tokens that were issued, or may have been, are counted. A request that certainly issued none is given back, so that
 * an outage does not spend the budget: one that was never sent (no secret, no metadata, no connection, a certificate that is
 * not trusted), and one that failed with an error response, whatever the status. A time-out, a closed connection, a 504 of a
 * gateway and a successful response that cannot be used stay counted.
 *
 * What the issuer announces tightens the budget: the header `Auth0-Client-Quota-Limit` of any response for all tokens of
 * the client, `Auth0-Organization-Quota-Limit` for those of the organization that the request names (the parameter
 * `organization`), and 429 with `Retry-After`, for at most an hour. The 200 announced quotas with the least left are kept.
 * When the store fails, a warning is logged, and each process counts by itself from the last known count; the store gets
 * these counts when it is available again.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<IssuanceBudget, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const settings = yield* validate(parts.issuanceBudget, options)
    const { request: configured } = yield* ClientConfig
    const { within } = yield* lifetime.make
    const seal = yield* TokenSeal
    const store = yield* TokenStore
    const key = yield* keys.ofBudget(seal, configured)
    const budget = operations(settings, {
      clientId: configured.clientId,
      ledger: yield* ledgerStore.make({ key, seal, store }, settings)
    })

    return {
      left: budget.left(issuerQuota.organizationOf(configured)),
      decorate: (endpoint) => ({
        request: endpoint.request,
        requestToken: (request, requestOptions) =>
          within(Effect.gen(function*() {
            const organization = issuerQuota.organizationOf(request)
            const permit = yield* budget.spend(requestOptions?.reason === "renewal", organization)
            const outcome = yield* endpoint.requestToken(request, requestOptions).pipe(
              Effect.tap(({ quotas }) => budget.follow(quotas, organization)),
              Effect.tapError((error) => budget.followError(error, organization)),
              Effect.either
            )
            const isSpent = Either.isRight(outcome) || mayHaveIssued(outcome.left)
            yield* isSpent ? budget.warn(permit) : budget.giveBack(permit)
            return yield* outcome
          }))
      })
    }
  })

/**
 * Provides the budget, and the `TokenEndpoint` of the context decorated with it. The option `issuanceBudget` of
 * `SharedClientCredentials.layer` puts it between the shared tokens and the network.
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
