/**
 * The budget of token requests: the daily limit of the issuer, counted by the client.
 *
 * **When to use**
 *
 * Use it where the issuer limits or bills tokens, by the option `issuanceBudget` of `SharedClientCredentials.layer`.
 *
 * **Gotchas**
 *
 * A budget that processes share needs a store that keeps its entries until they expire: a store that evicts them may lose
 * the count. While the store is unavailable, no token of the limit is requested unless `withoutStore` allows it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6585#section-4 | RFC 6585 section 4}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 | RFC 9110 section 10.2.3}
 * @since 3.0.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

import { ClientConfig } from "./ClientConfig.js"
import * as fleetParts from "./internal/config/fleetParts.js"
import type * as rules from "./internal/config/rules.js"
import { validate } from "./internal/config/rules.js"
import * as keys from "./internal/fleet/key.js"
import * as ledgerStore from "./internal/fleet/ledgerStore.js"
import * as announcedQuotas from "./internal/process/announcedQuotas.js"
import * as lifetime from "./internal/process/lifetime.js"
import { RequestBound } from "./internal/process/requestBound.js"
import * as issuerQuota from "./internal/protocol/issuerQuota.js"
import { namedClient } from "./internal/protocol/messages.js"
import * as metrics from "./internal/seam/metrics.js"
import { mayHaveIssued, unspecified } from "./internal/token/issuance.js"
import * as ledgers from "./internal/token/ledger.js"
import * as lostCounts from "./internal/token/lostCounts.js"
import { InvalidConfig } from "./InvalidConfig.js"
import { type ClientClosed, IssuanceBudgetExhausted, type TokenStoreError } from "./OAuthError.js"
import { TokenEndpoint } from "./TokenEndpoint.js"
import type { TokenRequest } from "./TokenRequest.js"
import { TokenSeal } from "./TokenSeal.js"
import { TokenStore } from "./TokenStore.js"

/**
 * The window of a limit: any period of this length, or `{ timeZone }` for calendar days in the time zone in which the issuer
 * counts, `{ timeZone, calendar: "hour" }` for its hours, and `{ timeZone, calendar: "month" }` for calendar months.
 */
type WindowInput =
  | Duration.DurationInput
  | { readonly timeZone: string; readonly calendar?: "hour" | "day" | "month" | undefined }

/**
 * A limit, or a quota that the issuer announced, at a moment. Times are in milliseconds since the epoch.
 */
interface Usage {
  readonly limit: number
  /** Number of tokens that count: those that were issued, are being requested, or may have been issued. */
  readonly counted: number
  readonly left: number
  /** Time from which one more token may be requested: the present time, while some are left. */
  readonly roomAt: number
}

/**
 * State of a budget at a moment, by the time of the store.
 *
 * @since 3.0.0
 * @category models
 */
export interface Ledger {
  /** Time of this state in milliseconds since the epoch. */
  readonly now: number
  /**
   * Number of tokens that may be requested with the configured request, by the tightest limit; undefined while there is none:
   * none is configured, and the issuer has not announced one yet.
   */
  readonly left: number | undefined
  /** The configured limits, in the order of the options. */
  readonly limits: ReadonlyArray<
    Usage & {
      readonly window: Duration.Duration | { readonly timeZone: string; readonly calendar: "hour" | "day" | "month" }
    }
  >
  /** The quotas that the issuer announced and that have not ended. */
  readonly announced: ReadonlyArray<
    Usage & {
      readonly name: string
      /** The client to which it was announced. */
      readonly clientId: string
      /** Organization whose tokens it counts, empty for no organization; undefined if it counts all tokens of the client. */
      readonly organization: string | undefined
    }
  >
}

/**
 * The budget of a client: the tokens that may still be requested.
 *
 * @since 3.0.0
 * @category models
 */
export interface IssuanceBudget {
  /**
   * Returns the number of tokens that may still be requested with the configured request, by the tightest limit;
   * undefined while the store is unavailable or nothing limits. Sends no request.
   */
  readonly left: Effect.Effect<number | undefined>
  /**
   * Returns whether a token may be requested with this request now; false while the store is unavailable. Sends no request.
   * `TokenCache` reads it to end the pause after an `IssuanceBudgetExhausted` when the budget was reset.
   */
  readonly hasRoom: (request: TokenRequest) => Effect.Effect<boolean>
  /** Returns what is counted in each window, what is left, and what the issuer announced. Sends no request. */
  readonly ledger: Effect.Effect<Ledger, ClientClosed | TokenStoreError>
  /**
   * Resets the counted tokens and announced quotas of all processes that share the budget. Use it after the issuer has reset
   * its counts, or when tokens were counted by mistake.
   */
  readonly reset: Effect.Effect<void, ClientClosed | TokenStoreError>
  /** Returns an endpoint whose token requests count towards the budget, and fail with `IssuanceBudgetExhausted` beyond it. */
  readonly decorate: (endpoint: TokenEndpoint) => TokenEndpoint
}

/**
 * The budget in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const IssuanceBudget = Context.GenericTag<IssuanceBudget>("@effect-oauth/client-credentials/IssuanceBudget")

/**
 * Options of the budget.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /**
   * Maximum number of tokens that one client may request in a window, of all scopes and audiences together. Without it,
   * only the quotas that the issuer announces in its responses limit the client: for issuers whose limit is not
   * documented. Default: none.
   */
  readonly limit?: number | undefined
  /**
   * The window of the limit. A request counts a minute longer (a tenth of a window below 10 minutes), since the issuer may
   * need that time to issue its token. Auth0 counts in days and hours of UTC: `{ timeZone: "UTC" }`. Default: 24 hours.
   */
  readonly window?: WindowInput | undefined
  /**
   * Further limits, all of which are kept: `{ limit: 10, window: "1 hour" }` beside 50 a day, for example. Default: none.
   */
  readonly furtherLimits?: ReadonlyArray<{ readonly limit: number; readonly window: WindowInput }> | undefined
  /**
   * The name of a budget that several clients share, for an issuer that counts the tokens of all of them together. All of
   * them need the same options and the same keys of the `TokenSeal`. Default: a budget for each client.
   */
  readonly name?: string | undefined
  /**
   * The fraction of each limit that is reserved for callers without a token: while no more is left, tokens are not refreshed
   * early, but used until they expire. Default: 1/5.
   */
  readonly reserveFraction?: number | undefined
  /** The fractions of each limit at which a warning is logged. Default: 0.8 and 1. */
  readonly warnAt?: ReadonlyArray<number> | undefined
  /**
   * Number of tokens that one process may request while the store is unavailable and tokens cannot be counted together. With 0,
   * the limit is never exceeded: a process without a usable token fails with `TokenStoreError` until the store is available
   * again. With more, calls succeed during such an outage, and each process may exceed the limit by this number.
   *
   * `{ tokens, fraction }` also bounds the number by a fraction, rounded down, of the tokens that are left by the count that
   * the process last read, or of the whole limit if it has read none. With a fraction of at most `1 / n`, `n` processes whose
   * copies of the count are complete keep the limit. Default: 0.
   */
  readonly withoutStore?: number | { readonly tokens: number; readonly fraction: number } | undefined
  /**
   * Total time that failed operations of one decision, including retries, may take before the store counts as failed. Raise it
   * together with `timeout` of a slow store. Default: `sharedTokens.storeTimeout` in a `SharedClientCredentials`, otherwise 2
   * seconds.
   */
  readonly storeTimeout?: Duration.DurationInput | undefined
  /**
   * Applies the quotas that the issuer announces, in addition to this limit. Set it to false for quotas that are announced but
   * not enforced, as those of Auth0 with `enforce: false`: then they are metrics and warnings only. Default: true.
   */
  readonly followIssuerQuotas?: boolean | undefined
}

/** A token request that the budget allowed. */
type Permit = ledgers.Granted

/** Converts the usage to its public form. */
const shown = (
  { limits, quotas }: ReturnType<typeof ledgers.usage>,
  clientId: string
): Pick<Ledger, "announced" | "limits"> => ({
  limits: limits.map(({ window, ...usage }) => ({
    ...usage,
    window: window._tag === "Sliding"
      ? Duration.millis(window.millis)
      : { timeZone: window.timeZone, calendar: window.unit }
  })),
  announced: quotas.map(({ client, ...quota }) => ({ ...quota, clientId: client === "" ? clientId : client }))
})

/** States the period in which tokens are counted. */
const periodOf = (window: ledgers.Budget["limits"][number]["window"]): string =>
  window._tag === "Sliding"
    ? `within ${Duration.format(Duration.millis(window.millis))}`
    : `in this ${window.unit} (${window.timeZone})`

/** Logs a warning for each limit that reaches one of the fractions with this request. */
const warn = (
  { budget, counted, warnAt }: {
    readonly budget: ledgers.Budget
    readonly counted: string
    readonly warnAt: ReadonlyArray<number>
  },
  { counts }: Permit
): Effect.Effect<void> =>
  Effect.forEach(budget.limits, ({ limit, window }, index) => {
    const count = counts[index] ?? 0
    return warnAt.some((part) => Math.ceil(part * limit) === count)
      ? Effect.logWarning(
        `${count} of ${limit} tokens of ${counted} are used ${
          periodOf(window)
        }. At the limit, token requests fail with ` +
          "IssuanceBudgetExhausted, which states until when. If that is early, see the reasons in oauth.token.requests: " +
          "with many cold ones, keep the store when programs end; with many rejected ones, find out why the API rejects " +
          "them."
      )
      : Effect.void
  }, { discard: true })

/** The budget of a client on its ledger in the store. */
const operations = (
  { followIssuerQuotas, furtherLimits, limit, name, reserveFraction, warnAt, window }: rules.Settings<
    typeof fleetParts.issuanceBudget
  >,
  clientId: string,
  open: (budget: ledgers.Budget) => ledgerStore.Decide
) => {
  const budget: ledgers.Budget = {
    limits: [...(limit === undefined ? [] : [{ limit, window }]), ...furtherLimits],
    reserveFraction
  }
  const decide = open(budget)
  const about = { budget, counted: name === undefined ? namedClient(clientId) : `the budget ${name}`, warnAt }
  const recipientOf = (organization: string): ledgers.Recipient => ({
    client: name === undefined ? "" : clientId,
    organization
  })
  const showLeft = (left: number) =>
    Number.isFinite(left)
      ? metrics.set(metrics.budgetLeft, left, { "oauth.client.id": metrics.clientLabel(clientId) })
      : Effect.void

  const spend = (isRenewal: boolean, organization: string, times: ReadonlyArray<number>) =>
    Effect.gen(function*() {
      const recipient = recipientOf(organization)
      const { now, verdict } = yield* decide((current, now) => {
        const lost = lostCounts.restored(budget, times, recipient, current, now)
        const verdict = ledgers.spend(budget, lost.reduce(ledgers.apply, current), now, isRenewal, recipient)
        return {
          changes: verdict._tag === "Granted" ? [...lost, { _tag: "Spent", spend: verdict.spend }] : lost,
          answer: { now, verdict }
        }
      }, recipient)
      if (verdict._tag === "Exhausted") {
        const { by, limit, reserved, resetsAt } = verdict
        const retryAfter = Duration.millis(Math.max(0, resetsAt - now))
        return yield* new IssuanceBudgetExhausted({ limit, by, resetsAt, retryAfter, reserved })
      }
      yield* showLeft(verdict.left)
      return verdict
    })

  /** Records the outcome of a request: nothing for a token that was issued without an announcement. */
  const settle = (
    { spend }: Permit,
    outcome: announcedQuotas.Outcome,
    { maxRetryAfter, organization }: Pick<announcedQuotas.Circumstances, "maxRetryAfter" | "organization">
  ): Effect.Effect<void> =>
    Effect.flatMap(Clock.currentTimeMillis, (local) => {
      const quotas = followIssuerQuotas
        ? announcedQuotas.of(outcome, { limit, maxRetryAfter, now: local, organization })
        : []
      const settled = ledgers.settled(
        spend,
        Either.isRight(outcome) ? "issued" : mayHaveIssued(outcome.left) ? "unknown" : "none"
      )
      if (quotas.length + settled.length === 0) return Effect.void
      return Effect.flatMap(
        decide((current, now) => {
          const recipient = recipientOf(organization)
          // The announcement has the times of this process's clock.
          const shifted = quotas.map((quota) => ({ ...quota, resetsAt: Math.ceil(quota.resetsAt + now - local) }))
          const changes = quotas.length === 0 ? settled : [...settled, ledgers.announced(shifted, now, recipient)]
          return { changes, answer: ledgers.left(budget, changes.reduce(ledgers.apply, current), now, recipient) }
        }, "isMade"),
        showLeft
      )
    }).pipe(Effect.ignore)

  const ledger = (organization: string) =>
    decide((current, now) => {
      const left = ledgers.left(budget, current, now, recipientOf(organization))
      const known = Number.isFinite(left) ? left : undefined
      return { changes: [], answer: { now, left: known, ...shown(ledgers.usage(budget, current, now), clientId) } }
    }, "fails")

  const hasRoom = (organization: string) =>
    decide((current, now) => {
      const { _tag } = ledgers.spend(budget, current, now, false, recipientOf(organization))
      return { changes: [], answer: _tag === "Granted" }
    }, "fails")

  const reset = decide((_, now) => ({ changes: [{ _tag: "Reset", at: now }], answer: undefined }), "fails")

  /** Returns the requests that are stored beside a token: the previous ones, and that of this token. */
  const countedWith = (permit: Permit, times: ReadonlyArray<number>) =>
    lostCounts.withTime(budget, times, ledgers.detailsOf(permit.spend).at)

  return { spend, warn: (permit: Permit) => warn(about, permit), settle, countedWith, hasRoom, ledger, reset }
}

/**
 * Creates a budget that counts in the `TokenStore`: all processes that share the store share the budget, and it survives
 * restarts. When the scope ends, requests of its endpoints in flight are interrupted, and later ones fail with
 * `ClientClosed`.
 *
 * A request beyond the limit fails with `IssuanceBudgetExhausted`, which states when there is room again, and nothing is
 * sent. Tokens that were issued, or may have been, are counted. A request that certainly issued none is given back, so that
 * an outage does not spend the budget: one that was never sent (no secret, no metadata, no connection, a certificate that is
 * not trusted), and one that failed with an error response, whatever the status.
 *
 * After a timeout, a closed connection, a 504 of a gateway and a successful response that cannot be used, a token may
 * have been issued: such requests stay counted, so that the limit is kept in either case. They spend at most four fifths
 * (rounded up) of what the others leave of each limit: half of that by the back-off alone. Then, until one is answered,
 * each pause is the same multiple of the time since the first, so that they last for the window: with 50 a day 0.2 of
 * that time, with 20 0.7, with 10 2.2. A request before that fails with `IssuanceBudgetExhausted` by `unanswered`.
 *
 * Without a limit, only the quotas that the issuer announces apply, from its first response on:
 * `IssuanceBudget.layer({})`.
 *
 * What the issuer announces tightens the budget: the header `Auth0-Client-Quota-Limit` of any response for all tokens of
 * the client, `Auth0-Organization-Quota-Limit` for those of the organization that the request names (the parameter
 * `organization`), and 429 with `Retry-After`, for at most `maxRetryAfter` of the cache. The 200 announced quotas with the
 * least left are kept.
 *
 * All times are those of the store, so a process whose clock is wrong counts like the others. While the store is
 * unavailable, a process requests what `withoutStore` allows, by default nothing, and fails with `TokenStoreError`; the
 * store receives these counts when it is available again. If the store has lost counts, by an eviction or a failover,
 * a warning is logged, and each process adds its copy when it next reads the ledger. `SharedTokens` stores the times of the
 * last 200 counted requests beside the token, from which a process that starts restores them. If that entry is lost as
 * well, it counts from zero.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<IssuanceBudget, InvalidConfig, ClientConfig | Scope.Scope | TokenSeal | TokenStore> =>
  Effect.gen(function*() {
    const settings = yield* validate(fleetParts.issuanceBudget, options)
    if (options.window !== undefined && settings.limit === undefined) {
      return yield* new InvalidConfig({
        problems: [{ setting: "limit", expected: "a positive integer beside window" }]
      })
    }
    const { request: configured } = yield* ClientConfig
    const life = yield* lifetime.make
    const isRequestBound = yield* RequestBound
    const seal = yield* TokenSeal
    const store = yield* TokenStore
    const { storeTimeout, withoutStore } = settings
    const key = yield* keys.ofBudget(seal, configured, settings.name)
    const budget = operations(
      settings,
      configured.clientId,
      (limits) =>
        ledgerStore.make(
          { key, lifetime: life, seal, store, storeTimeout, withoutStore, isRequestBound },
          limits
        )
    )
    const ledger = budget.ledger(issuerQuota.organizationOf(configured))

    return {
      left: Effect.orElseSucceed(Effect.map(ledger, ({ left }) => left), () => undefined),
      hasRoom: (request) =>
        life.within(budget.hasRoom(issuerQuota.organizationOf(request))).pipe(
          Effect.timeout(storeTimeout),
          Effect.orElseSucceed(() => false)
        ),
      ledger,
      reset: budget.reset,
      decorate: (endpoint) => ({
        ...endpoint,
        requestToken: (request, requestOptions) =>
          life.within(Effect.gen(function*() {
            const organization = issuerQuota.organizationOf(request)
            const times = requestOptions?.counted?.times ?? []
            const permit = yield* budget.spend(requestOptions?.reason === "renewal", organization, times)
            const outcome = yield* Effect.either(
              endpoint.requestToken(request, { ...requestOptions ?? unspecified, isCounted: true })
            )
            yield* budget.settle(permit, outcome, { maxRetryAfter: requestOptions?.maxRetryAfter, organization })
            if (Either.isRight(outcome) || mayHaveIssued(outcome.left)) yield* budget.warn(permit)
            return yield* Either.map(
              outcome,
              (issued) => ({ ...issued, counted: budget.countedWith(permit, times) })
            )
          }))
      })
    }
  })

/**
 * Provides the budget, and the `TokenEndpoint` of the context decorated with it. The option `issuanceBudget` of
 * `SharedClientCredentials.layer` puts it between the shared tokens and the network.
 *
 * @since 3.0.0
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
