/**
 * Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0).
 */
import { isRecord, readJson } from "./json.js"
import { fail, type Result, succeed } from "./result.js"
import { isRedirection } from "./status.js"
import { secureUrl } from "./urls.js"

/**
 * Returns the possible URLs of a document: inserted between host and path (RFC 8414 sections 3.1 and 5), by both names, or
 * appended (OpenID Connect Discovery 1.0 section 4).
 */
export const locations = (issuer: string): ReadonlyArray<string> => {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`
    ])
  ]
}

const wellKnown = /\/\.well-known\/(?:oauth-authorization-server|openid-configuration)/

/** Returns the issuer that was probably intended, if the URL of a document was configured in its place. */
export const issuerOfDocument = (issuer: string): string | undefined =>
  wellKnown.test(issuer) ? issuer.replace(wellKnown, "") : undefined

/** Returns a URL of a server as errors show it: origin and path, printable and bounded. */
const shownUrl = (text: string, base?: string): string => {
  if (!URL.canParse(text, base)) return "an invalid URL"
  const { origin, pathname } = new URL(text, base)
  return (origin + pathname).replace(/[^\x21-\x7e]/g, "?").slice(0, 300)
}

/** Describes a response without a document. */
export const described = (url: string, status: number, location: string | undefined): string =>
  isRedirection(status) && location !== undefined
    ? `status ${status}, a redirect to ${shownUrl(location, url)}`
    : `status ${status}`

/** Returns whether a document describes an authorization server, so that the other URLs need not be awaited. */
export const isDefinite = (body: string): boolean => {
  const document = readJson(body)
  return isRecord(document) && typeof document["issuer"] === "string"
}

/** Returns the names of methods and algorithms, which errors may show. */
export const names = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.filter((one): one is string => typeof one === "string" && /^[\x21-\x7e]{1,100}$/.test(one)).slice(0, 100)
    : undefined

/** Members of a document that a client of this library uses. */
export interface Document {
  readonly issuer: string
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string | undefined
  /** The endpoints for clients that authenticate by certificate (RFC 8705 section 5). */
  readonly mutualTls: {
    readonly tokenEndpoint: string | undefined
    readonly revocationEndpoint: string | undefined
  }
  readonly authenticationMethods: ReadonlyArray<string>
  readonly signingAlgorithms: ReadonlyArray<string> | undefined
  readonly dpopAlgorithms: ReadonlyArray<string> | undefined
  readonly certificateBoundTokens: boolean
}

/** Decodes the document that an issuer publishes, or returns its problem. */
export const decode = (
  issuer: string,
  body: string,
  allowHttpLoopback: boolean
): Result<Document, string> => {
  const document = readJson(body)
  if (!isRecord(document)) return fail("the document is not a JSON object")
  // RFC 8414 section 3.3: otherwise another server could take this client's credentials.
  if (document["issuer"] !== issuer) {
    const named = document["issuer"]
    if (typeof named !== "string") return fail("the document there names another issuer, or none")
    const differs = named.replace(/\/$/, "") === issuer.replace(/\/$/, "")
      ? ", which differs by a slash at its end"
      : ""
    return fail(
      `the document there names another issuer, ${
        named.endsWith("/") ? shownUrl(named) : shownUrl(named).replace(/\/$/, "")
      }` +
        `${differs}. If that is the server, set the issuer (OAUTH_ISSUER) to exactly that`
    )
  }
  const url = (value: unknown): string | undefined =>
    typeof value === "string" ? secureUrl(value, allowHttpLoopback)?.href : undefined
  const aliases = isRecord(document["mtls_endpoint_aliases"]) ? document["mtls_endpoint_aliases"] : {}
  const tokenEndpoint = url(document["token_endpoint"])
  if (tokenEndpoint === undefined) return fail("it names no token endpoint with https:")
  const signingAlgorithms = names(document["token_endpoint_auth_signing_alg_values_supported"])
  return succeed({
    issuer,
    tokenEndpoint,
    revocationEndpoint: url(document["revocation_endpoint"]),
    mutualTls: {
      tokenEndpoint: url(aliases["token_endpoint"]),
      revocationEndpoint: url(aliases["revocation_endpoint"])
    },
    // RFC 8414 section 2: absent means basic auth.
    authenticationMethods: names(document["token_endpoint_auth_methods_supported"]) ?? ["client_secret_basic"],
    // An empty list carries no information: at least one algorithm exists.
    signingAlgorithms: signingAlgorithms?.length === 0 ? undefined : signingAlgorithms,
    dpopAlgorithms: names(document["dpop_signing_alg_values_supported"]),
    certificateBoundTokens: document["tls_client_certificate_bound_access_tokens"] === true
  })
}
