/**
 * Authorization server metadata (RFC 8414, OpenID Connect Discovery 1.0), as a pure function of what arrived.
 */
import * as Either from "effect/Either"

import { DiscoveryFailed } from "../OAuthError.js"
import type { Metadata } from "../ServerMetadata.js"
import { isRecord, readJson } from "./json.js"
import { secureUrl } from "./urls.js"

/** Where a document may be: inserted between host and path (RFC 8414 section 3.1), or appended (OpenID Connect). */
export const locations = (issuer: string): ReadonlyArray<string> => {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`
  ]
}

/** Names of methods and algorithms, which errors may show. */
const names = (value: unknown): ReadonlyArray<string> | undefined =>
  Array.isArray(value)
    ? value.filter((one): one is string => typeof one === "string" && /^[\x21-\x7e]{1,100}$/.test(one)).slice(0, 100)
    : undefined

export const decode = (
  issuer: string,
  body: string,
  allowHttpLoopback: boolean
): Either.Either<Metadata, DiscoveryFailed> => {
  const fail = (problem: string) => Either.left(new DiscoveryFailed({ issuer, problem, retryable: false }))
  const document = readJson(body)
  if (!isRecord(document)) return fail("the document there is no JSON object")
  // RFC 8414 section 3.3: otherwise another server could take this client's credentials.
  if (document["issuer"] !== issuer) {
    return fail(
      "the document there names another issuer. Set the issuer (OAUTH_ISSUER) to exactly what the server calls itself, " +
        "to the last slash"
    )
  }
  const url = (value: unknown): string | undefined =>
    typeof value === "string" ? secureUrl(value, allowHttpLoopback)?.href : undefined
  const aliases = isRecord(document["mtls_endpoint_aliases"]) ? document["mtls_endpoint_aliases"] : {}
  const tokenEndpoint = url(document["token_endpoint"])
  if (tokenEndpoint === undefined) return fail("it names no token endpoint with https:")
  const signingAlgorithms = names(document["token_endpoint_auth_signing_alg_values_supported"])
  return Either.right({
    issuer,
    tokenEndpoint,
    revocationEndpoint: url(document["revocation_endpoint"]),
    mutualTls: {
      tokenEndpoint: url(aliases["token_endpoint"]),
      revocationEndpoint: url(aliases["revocation_endpoint"])
    },
    // RFC 8414 section 2: absent means basic auth.
    authenticationMethods: names(document["token_endpoint_auth_methods_supported"]) ?? ["client_secret_basic"],
    // An empty list says nothing: some algorithm there must be.
    signingAlgorithms: signingAlgorithms?.length === 0 ? undefined : signingAlgorithms,
    dpopAlgorithms: names(document["dpop_signing_alg_values_supported"]),
    certificateBoundTokens: document["tls_client_certificate_bound_access_tokens"] === true
  })
}
