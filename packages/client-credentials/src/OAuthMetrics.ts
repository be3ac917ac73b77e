/**
 * What an operator can watch: all metrics of this library, with their units. They are Effect's own, so whatever exports
 * those (`@effect/opentelemetry`, say) exports these too.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import * as MetricLabel from "effect/MetricLabel"

/** By this tag the exporters of `@effect/opentelemetry` know the unit of a metric. Without one it is a count. */
const inSeconds = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>): Metric.Metric<Type, In, Out> =>
  Metric.tagged(metric, "unit", "s")

/**
 * Token requests that were sent, each one where a replaced secret, a DPoP nonce or a closed connection leads to several.
 * `oauth.token.reason` says why: `cold`, `renewal`, `expired`, `rejected`, `forced`. A failed one has `error.type`, the tag
 * of its `TokenError`, or `interrupted`. What fails before anything is sent (a secret that cannot be read, discovery, the
 * budget, no connection) is counted by `tokenFailures` alone.
 *
 * @since 0.1.0
 * @category metrics
 */
export const tokenRequests: Metric.Metric.Counter<number> = Metric.counter("oauth.token.requests", {
  description: "Token requests that were sent",
  incremental: true
})

/**
 * Times that the cache needed a new token and did not get one, whether a request was sent or not, by `oauth.token.reason`
 * and `error.type`, the tag of the `TokenError`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const tokenFailures: Metric.Metric.Counter<number> = Metric.counter("oauth.token.failures", {
  description: "Times that the cache needed a new token and did not get one",
  incremental: true
})

const outcome = (name: string): Metric.Metric.Counter<number> =>
  Metric.fromMetricKey(
    MetricKey.taggedWithLabels(
      MetricKey.counter("oauth.token.cache", {
        description: "Times that a token was wanted from the cache",
        incremental: true
      }),
      [MetricLabel.make("oauth.cache.outcome", name)]
    )
  )

/**
 * Times that a token was wanted, one counter for each `oauth.cache.outcome`: `hit` (served at once), `wait` (a token
 * request had to be waited for), `refused` (served with the failure of the last request, while there is a pause).
 *
 * @since 0.1.0
 * @category metrics
 */
export const cacheOutcomes: Readonly<Record<"hit" | "wait" | "refused", Metric.Metric.Counter<number>>> = {
  hit: outcome("hit"),
  wait: outcome("wait"),
  refused: outcome("refused")
}

/**
 * Calls that the API had refused with 401 and that were sent again. `oauth.replay.outcome` is `accepted`, or `refused` if
 * the answer was 401 once more.
 *
 * @since 0.1.0
 * @category metrics
 */
export const replays: Metric.Metric.Counter<number> = Metric.counter("oauth.api.replays", {
  description: "Calls that were sent again after a 401",
  incremental: true
})

/**
 * Tokens that the API rejected in the first half of their life, although they had worked. If it grows, another client
 * instance may be revoking this client's tokens: share them (`ClientCredentials.layerShared`).
 *
 * @since 0.1.0
 * @category metrics
 */
export const earlyRejections: Metric.Metric.Counter<number> = Metric.counter("oauth.token.early_rejections", {
  description: "Tokens that had worked and were rejected in the first half of their life",
  incremental: true
})

/**
 * Seconds during which tokens were served while their renewal failed. If it grows, the authorization server fails and
 * nobody has noticed yet.
 *
 * @since 0.1.0
 * @category metrics
 */
export const renewalFailing: Metric.Metric.Counter<number> = inSeconds(Metric.counter("oauth.token.renewal_failing", {
  description: "Seconds during which tokens were served while their renewal failed",
  incremental: true
}))

/**
 * How long before its expiry a token was replaced by a renewal, in seconds. Small values say that renewals begin too late
 * or take too long.
 *
 * @since 0.1.0
 * @category metrics
 */
export const renewedAhead: Metric.Metric.Histogram<number> = inSeconds(Metric.histogram(
  "oauth.token.renewed_ahead",
  MetricBoundaries.fromIterable([1, 5, 10, 30, 60, 120, 180, 240, 300, 600, 3600]),
  "Seconds before its expiry at which a token was renewed"
))

/**
 * Tokens that were replaced without ever having been used.
 *
 * @since 0.1.0
 * @category metrics
 */
export const unusedTokens: Metric.Metric.Counter<number> = Metric.counter("oauth.token.unused", {
  description: "Tokens that were replaced without ever having been used",
  incremental: true
})

/**
 * When the token held expires, in seconds since the epoch; by `oauth.client.id`: the first
 * 100 clients of a process, and `other` for all further ones.
 *
 * @since 0.1.0
 * @category metrics
 */
export const tokenExpiry: Metric.Metric.Gauge<number> = inSeconds(Metric.gauge("oauth.token.expires_at", {
  description: "When the token held expires, in seconds since the epoch"
}))

/**
 * Tokens that were taken over from the store instead of being asked for.
 *
 * @since 0.1.0
 * @category metrics
 */
export const sharedTokens: Metric.Metric.Counter<number> = Metric.counter("oauth.token.shared", {
  description: "Tokens that were taken over from the store",
  incremental: true
})

/**
 * How long processes waited for another one that was asking for all, in seconds.
 *
 * @since 0.1.0
 * @category metrics
 */
export const leaseWaits: Metric.Metric.Histogram<number> = inSeconds(Metric.histogram(
  "oauth.token.lease_wait",
  MetricBoundaries.fromIterable([0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]),
  "Seconds of waiting for another process that asked for a token"
))

/**
 * Operations of the token store that failed, so that the process did without it; by `oauth.store.operation`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const storeFailures: Metric.Metric.Counter<number> = Metric.counter("oauth.store.failures", {
  description: "Operations of the token store that failed",
  incremental: true
})

/**
 * Tokens that may still be requested, by the tightest of the limits, at the last request; by `oauth.client.id`: the first
 * 100 clients of a process, and `other` for all further ones.
 *
 * @since 0.1.0
 * @category metrics
 */
export const budgetLeft: Metric.Metric.Gauge<number> = Metric.gauge("oauth.budget.left", {
  description: "Tokens that may still be asked for"
})
