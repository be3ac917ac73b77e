/**
 * Whether a failed token request may have issued a token all the same, as a pure function of its error.
 */

/** What decides it of an error: its tag and, where it has them, these fields. */
export interface Failure {
  readonly _tag: string
  readonly reason?: string
  readonly detail?: string
  readonly status?: number
}

/** Codes of connections that were never made, so that no request was sent. */
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
 * Time-outs of a gateway (RFC 9110 section 15.6.5; 524 is Cloudflare's): the server behind it may still have issued a
 * token. A 502 is not among them. It mostly says that no server runs behind the gateway, and an outage of an hour would
 * otherwise spend a day's budget.
 */
const gatewayTimeouts = new Set(["504", "524"])

/** Whether no request was sent: without a credential, metadata, a count, a connection or a trusted certificate. */
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
 * Whether the authorization server may have issued a token: true for a request that was sent and got no response, for a
 * time-out and for a successful response that cannot be used. A refusal, of whatever status, issues none.
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
