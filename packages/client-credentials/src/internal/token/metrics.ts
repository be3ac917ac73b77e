/**
 * Metrics of the library. Their names, units and attributes are the contract with operators (guides/observability.md). Each is
 * marked as pure, so that bundlers leave out those that a program does not use.
 */

export interface Description<Attribute extends string> {
  readonly name: string
  readonly description: string
  /** Attributes that the metric may have. Default: none. */
  readonly attributes?: ReadonlyArray<Attribute>
  /** Unit of the metric. A metric without a unit is a count. */
  readonly unit?: "s"
}

export interface Counter<Attribute extends string> extends Description<Attribute> {
  readonly kind: "counter"
}

export interface Gauge<Attribute extends string> extends Description<Attribute> {
  readonly kind: "gauge"
}

export interface Histogram<Attribute extends string> extends Description<Attribute> {
  readonly kind: "histogram"
  readonly boundaries: ReadonlyArray<number>
}

/** Values of the attributes of a metric. One without a value is left out. */
export type Attributes<Attribute extends string> = { readonly [Name in Attribute]?: string | undefined }

const counter = <const Attribute extends string = never>(of: Description<Attribute>): Counter<Attribute> => ({
  ...of,
  kind: "counter"
})

const gauge = <const Attribute extends string = never>(of: Description<Attribute>): Gauge<Attribute> => ({
  ...of,
  kind: "gauge"
})

const histogram = <const Attribute extends string = never>(
  of: Omit<Histogram<Attribute>, "kind">
): Histogram<Attribute> => ({ ...of, kind: "histogram" })

/** Returns the attributes of a metric that have a value, in the order of its description. */
export const valuesOf = <Attribute extends string>(
  { attributes = [] }: Description<Attribute>,
  values: Attributes<Attribute>
): ReadonlyArray<readonly [name: Attribute, value: string]> =>
  attributes.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [[name, value] as const]
  })

/** `error.type` is the tag of the `TokenError`, or `interrupted`; absent for a request that succeeded. */
export const tokenRequests = /*#__PURE__*/ counter({
  name: "oauth.token.requests",
  description: "Token requests that were sent",
  attributes: ["oauth.token.reason", "error.type"]
})

/** Includes failures without a token request: an unreadable secret, failed discovery, the budget, a failed connection. */
export const tokenFailures = /*#__PURE__*/ counter({
  name: "oauth.token.failures",
  description: "Failed attempts to obtain a new token for the cache",
  attributes: ["oauth.token.reason", "error.type"]
})

/** `hit`: served at once. `wait`: waited for a token request. `failed`: failed with the last failure during a pause. */
export const cacheOutcomes = /*#__PURE__*/ counter({
  name: "oauth.token.cache",
  description: "Token lookups in the cache",
  attributes: ["oauth.cache.outcome"]
})

/** `oauth.replay.outcome` is `accepted`, or `rejected` when the response was a rejection again. */
export const replays = /*#__PURE__*/ counter({
  name: "oauth.api.replays",
  description: "Calls that were sent again after a 401",
  attributes: ["oauth.replay.outcome"]
})

export const earlyRejections = /*#__PURE__*/ counter({
  name: "oauth.token.early_rejections",
  description: "Tokens that had worked and were rejected in the first half of their lifetime"
})

export const renewalFailing = /*#__PURE__*/ counter({
  name: "oauth.token.renewal_failing",
  description: "Seconds during which tokens were served while their refresh failed",
  unit: "s"
})

export const renewedAhead = /*#__PURE__*/ histogram({
  name: "oauth.token.renewed_ahead",
  description: "Seconds before its expiry at which a token was refreshed",
  unit: "s",
  boundaries: [1, 5, 10, 30, 60, 120, 180, 240, 300, 600, 3600]
})

export const unusedTokens = /*#__PURE__*/ counter({
  name: "oauth.token.unused",
  description: "Tokens that were replaced without ever having been used"
})

/** `oauth.client.id` is a `clientLabel`. */
export const tokenExpiry = /*#__PURE__*/ gauge({
  name: "oauth.token.expires_at",
  description: "When the cached token expires, in seconds since the epoch",
  attributes: ["oauth.client.id"],
  unit: "s"
})

export const sharedTokens = /*#__PURE__*/ counter({
  name: "oauth.token.shared",
  description: "Tokens that were read from the store instead of requested"
})

export const leaseWaits = /*#__PURE__*/ histogram({
  name: "oauth.token.lease_wait",
  description: "Seconds of waiting for the token request of another process",
  unit: "s",
  boundaries: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
})

export const ownTokens = /*#__PURE__*/ counter({
  name: "oauth.store.own_tokens",
  description: "Token requests that were sent without the token store, because it failed"
})

export const storeFailures = /*#__PURE__*/ counter({
  name: "oauth.store.failures",
  description: "Operations of the token store that failed",
  attributes: ["oauth.store.operation"]
})

/** `oauth.client.id` is a `clientLabel`. */
export const budgetLeft = /*#__PURE__*/ gauge({
  name: "oauth.budget.left",
  description: "Tokens that may still be requested, by the tightest limit",
  attributes: ["oauth.client.id"]
})

export const lostCounts = /*#__PURE__*/ counter({
  name: "oauth.budget.lost_counts",
  description: "Times that the store had lost the counted token requests of a budget, or they could not be opened"
})

/**
 * `oauth.client.id` is a `clientLabel`. `oauth.quota.name` is `client` or `organization` and the name of the bucket, such as
 * `client per_day`. `oauth.quota.organization` is that of the request, of the first 100; absent for the client's own quotas.
 */
export const quotaLeft = /*#__PURE__*/ gauge({
  name: "oauth.quota.left",
  description: "Rest of a quota that the authorization server announced, by its last response",
  attributes: ["oauth.client.id", "oauth.quota.name", "oauth.quota.organization"]
})

/** Expiry of the certificate that expires first, of those that the process presents. */
export const certificateExpiry = /*#__PURE__*/ gauge({
  name: "oauth.tls.certificate_expires_at",
  description: "When the client certificate expires, in seconds since the epoch",
  unit: "s"
})

/** Number of clients of a process that have a separate series. */
export const maxLabels = 100

/**
 * Returns a function that bounds the number of labels, since a metric registry keeps each series for the lifetime of the process.
 */
export const labels = (max: number) => {
  // Bounds what the registry of metrics, which is global as well, keeps.
  const known = new Set<string>()
  return (clientId: string): string => {
    if (!known.has(clientId) && known.size >= max) return "other"
    known.add(clientId)
    return clientId
  }
}

/** Returns the client id for the first 100 clients of a process, `other` for all further ones. */
export const clientLabel = /*#__PURE__*/ labels(maxLabels)

/** Returns the organization for the first 100 organizations of a process, `other` for all further ones. */
export const organizationLabel = /*#__PURE__*/ labels(maxLabels)
