/**
 * Token requests: the options of one without a cache, and whether one that failed may have issued a token.
 */

/** Options of a program that requests a token from the endpoint itself. */
export const unspecified = { reason: "forced", replaces: undefined } as const

/** Fields of an error that the decision depends on. */
export interface Failure {
  readonly _tag: string
  readonly reason?: string
  readonly detail?: string
  readonly status?: number
}

/** Error codes of connections that were not established, so that no request was sent. */
const neverConnected = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT"
])

/**
 * Timeouts of a gateway (RFC 9110 section 15.6.5; 524 is Cloudflare's): the server behind it may still have issued a
 * token. 502 is excluded: it usually means that no server runs behind the gateway, and counting it would use up the budget of
 * a day in an outage of an hour.
 */
const gatewayTimeouts = new Set(["504", "524"])

/** Returns whether no request was sent: for lack of a credential, metadata, a count, a connection or a trusted certificate. */
export const wasNeverSent = (error: Failure): boolean => {
  switch (error._tag) {
    case "CredentialUnavailable":
    case "DiscoveryFailed":
    case "IssuanceBudgetExhausted":
    case "TokenStoreError":
    case "ClientClosed":
      return true
    case "TokenEndpointUnavailable":
      return error.reason === "certificate" ||
        (error.reason === "connection" && neverConnected.has(String(error.detail)))
    default:
      return false
  }
}

/**
 * Returns whether the authorization server may have issued a token: true for a request that was sent and got no response,
 * for a timeout, and for a successful response that cannot be used. An error response of any status issues none.
 */
export const mayHaveIssued = (error: Failure): boolean => {
  if (wasNeverSent(error)) return false
  switch (error._tag) {
    case "TokenEndpointUnavailable":
      return error.reason !== "status" || gatewayTimeouts.has(String(error.detail))
    case "InvalidTokenResponse":
      return (error.status ?? 0) < 300
    default:
      return false
  }
}
