/**
 * Messages of the library's errors, as pure functions of their fields: what failed, what was found, what to change.
 *
 * Every string of a server in these fields was redacted before the error was made, and cut there (`redaction.ts`) or here.
 */
import * as dialect from "./dialect.js"
import type { Quota } from "./issuerQuota.js"

const withDetail = (text: string, detail: string | undefined): string =>
  detail === undefined ? text : `${text}: ${detail.replace(/\.$/, "")}`

/** The longest list of an API that is shown, in characters. */
const maxList = 200

const listed = (words: ReadonlyArray<string>): string => {
  const text = words.join(" ")
  return text.length <= maxList ? text : `${text.slice(0, maxList)}…`
}

/** States when tokens are issued again, if the server announces it: the end of its last exhausted quota, or `Retry-After`. */
const again = (
  { quotas = [], retryAfterMillis }: {
    readonly quotas?: ReadonlyArray<Quota> | undefined
    readonly retryAfterMillis?: number | undefined
  }
): string => {
  const ends = quotas.flatMap(({ remaining, resetsAt }) => remaining === 0 ? [resetsAt] : [])
  return ends.length > 0
    ? ` It issues tokens again from ${new Date(Math.max(...ends)).toISOString()}.`
    : retryAfterMillis === undefined
    ? ""
    : ` It issues tokens again in ${Math.ceil(retryAfterMillis / 1000)} s.`
}

export const tokenErrorResponse = (
  error: dialect.Rejection & {
    readonly endpoint: string
    readonly hint?: string | undefined
    readonly quotas?: ReadonlyArray<Quota> | undefined
    readonly retryAfterMillis?: number | undefined
  }
): string =>
  `${withDetail(`The token endpoint ${error.endpoint} returned "${error.error}"`, error.errorDescription)}. ${
    dialect.advice(error) ??
      `It has status ${error.status}. See the documentation of the authorization server for this code.`
  }${dialect.kindOf(error) === "limit" ? again(error) : ""}${error.hint === undefined ? "" : ` ${error.hint}`}`

export const invalidTokenResponse = ({ endpoint, problem, status }: {
  readonly endpoint: string
  readonly status: number
  readonly problem: string
}): string => `The token endpoint ${endpoint} returned status ${status}, but ${problem}`

/** Reason for which no usable response of an endpoint arrived. */
export type UnavailableReason = "connection" | "certificate" | "timeout" | "status" | "client"

export const tokenEndpointUnavailable = ({ detail, endpoint, reason }: {
  readonly endpoint: string
  readonly reason: UnavailableReason
  readonly detail: string
}): string => {
  // RFC 8615: a URL with this segment is one of metadata.
  const [what, setting, module] = endpoint.includes("/.well-known/")
    ? ["metadata document", "the issuer (OAUTH_ISSUER)", "ServerMetadata"]
    : ["token endpoint", "the token URL (OAUTH_TOKEN_URL)", "TokenEndpoint"]
  switch (reason) {
    case "connection":
      return `The ${what} ${endpoint} could not be reached (${detail}). Check ${setting}, the network and the proxy.`
    case "certificate":
      return `The certificate of the ${what} ${endpoint} is not trusted (${detail}). Add its certificate authority to the ` +
        "HTTP client (on Node: NODE_EXTRA_CA_CERTS). Do not disable verification."
    case "timeout":
      return `The ${what} ${endpoint} did not respond within ${detail}. Check that it is available, or allow more time ` +
        `(${module}.layer).`
    case "client":
      return `The HTTP client in use sends requests for the ${what} ${endpoint} to ${detail}, where credentials must not ` +
        `go. Remove what changes the URL (mapRequest, prependUrl, a redirect), or set ${setting} to that URL.`
    case "status":
      return `The ${what} ${endpoint} is not available now (status ${detail}). Try again later.`
  }
}

/** Returns a client as messages name it: clients that their grant identifies have no id. */
export const namedClient = (clientId: string): string =>
  clientId === "" ? "the client without an id" : `the client ${clientId}`

const credentialFiles = {
  "client secret": "OAUTH_CLIENT_SECRET_FILE (LEGACY_TOKEN_SECRET_FILE)",
  "private key": "OAUTH_PRIVATE_KEY_FILE",
  "identity token": "OAUTH_CLIENT_ASSERTION_FILE (OAUTH_SUBJECT_TOKEN_FILE)"
}

export const credentialUnavailable = ({ check, credential, problem }: {
  readonly credential: "client secret" | "private key" | "identity token"
  readonly problem: string
  readonly check?: string | undefined
}): string =>
  `The ${credential} could not be used: ${problem}. Check ${
    check ?? `where it comes from: the configuration, or the file that ${credentialFiles[credential]} names`
  }.`

export const discoveryFailed = ({ issuer, problem }: {
  readonly issuer: string
  readonly problem: string
}): string => `The metadata of the issuer ${issuer} cannot be used: ${problem}.`

export const issuanceBudgetExhausted = ({ by, limit, reserved, resetsAt }: {
  readonly limit: number
  readonly by: "budget" | "issuer" | "unanswered"
  readonly resetsAt: number
  readonly reserved: boolean
}): string => {
  const until = `until ${new Date(resetsAt).toISOString()}`
  if (reserved) {
    return `Budget reserve reached (limit ${limit}): early refresh is disabled ${until}. The remaining tokens are reserved ` +
      "for callers without a token."
  }
  if (by === "unanswered") {
    return `The last token requests got no response, and each may have used one of ${limit} tokens, so no request is sent ` +
      `${until}. Check the token endpoint and the network path to it.`
  }
  return by === "issuer"
    ? `The authorization server announced that it issues no further token ${until}, so no token was requested. Share tokens ` +
      "between processes (SharedClientCredentials.layer), or have its limit raised. If it announces limits that it does not " +
      "enforce, set issuanceBudget.followIssuerQuotas to false."
    : `The budget of ${limit} tokens is used up ${until}, so no token was requested. Share tokens between processes ` +
      "(SharedClientCredentials.layer), or raise the limit if the issuer allows more."
}

export const revocationUnsupported = ({ endpoint }: { readonly endpoint: string }): string =>
  `No revocation endpoint is known of ${endpoint}. If it has one, set revocationUrl (OAUTH_REVOCATION_URL).`

export const originNotAllowed = ({ allowed, origin }: {
  readonly origin: string
  readonly allowed: ReadonlyArray<string>
}): string =>
  allowed.length === 0
    ? "No API is configured, so nothing was sent. Set apiBaseUrl (API_BASE_URL) to make calls."
    : `The token may go to ${
      allowed.join(", ")
    } only, not to ${origin}, so nothing was sent. If the token is meant for ` +
      "that origin too, add it to apiOrigins (API_ORIGINS); otherwise use another HTTP client there."

export const pathNotAllowed = ({ baseUrl, path }: { readonly baseUrl: string; readonly path: string }): string =>
  `The path ${path} is not below the base URL ${baseUrl} once dot segments are removed and escapes are decoded, so nothing ` +
  "was sent. Reject \"..\" in values that are inserted into a path, and encode them (encodeURIComponent). If the token is " +
  "meant for the whole origin, set allowOutsideBasePath (API_ALLOW_OUTSIDE_BASE_PATH=true)."

export const insufficientScope = ({ endpoint, scope }: {
  readonly endpoint: string
  readonly scope: ReadonlyArray<string>
}): string => {
  const required = scope.length === 0 ? "a scope that it does not name" : `the scope "${listed(scope)}"`
  return `${endpoint} requires ${required}. Request it (OAUTH_SCOPE), and grant it to this client at the authorization server.`
}

export const resourceMetadataInvalid = ({ problem, resource }: {
  readonly resource: string
  readonly problem: string
}): string => `The metadata of ${resource} cannot be used: ${problem}.`

/** Returns the message of a store error. A problem with a semicolon states the fix after it. */
export const tokenStoreError = ({ operation, problem }: {
  readonly operation: string
  readonly problem: string
}): string =>
  `The token store could not ${operation} (${problem}).${
    problem.includes("; ") ? "" : " Check that it is available and reachable."
  }`

export const insufficientUserAuthentication = ({ acrValues, endpoint, maxAge }: {
  readonly endpoint: string
  readonly acrValues: ReadonlyArray<string>
  readonly maxAge?: number | undefined
}): string => {
  const required = [
    ...(acrValues.length === 0 ? [] : [`acr_values "${listed(acrValues)}"`]),
    ...(maxAge === undefined ? [] : [`max_age ${maxAge}`])
  ]
  return `${endpoint} requires another authentication${
    required.length === 0 ? "" : ` (${required.join(", ")})`
  }, so no new token was requested. If the authorization server issues such tokens to this client, request one with these ` +
    "parameters (TokenRequest.withOverrides with the overrides of this error, or OAUTH_PARAMETERS for all calls); otherwise have " +
    "the API accept this client."
}

export const insufficientClaims = ({ claims, endpoint }: {
  readonly endpoint: string
  readonly claims?: string | undefined
}): string =>
  `${endpoint} requires a token with ${
    claims === undefined ? "claims that it does not name" : "certain claims"
  }, so no new token was requested. Request one with the parameter "claims" (TokenRequest.withOverrides, with the ` +
  "overrides of this error), if the authorization server supports it."

export const clientClosed =
  "The client is closed: the scope of its layer has ended. A call that was in progress may have reached the API. Keep the " +
  "layer open for the whole program: provide it once, at the top. A PromiseClient is closed by close()."

export const invalidConfig = (
  problems: ReadonlyArray<{ readonly setting: string; readonly expected: string }>
): string => problems.map(({ expected, setting }) => `${setting}: expected ${expected}`).join("\n")
