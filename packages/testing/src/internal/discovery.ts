/**
 * The endpoints of the authorization server, and the metadata that names them (RFC 8414).
 */
import * as Effect from "effect/Effect"

import type { Behavior } from "./behavior.js"
import { type ErrorResponse, reject } from "./errorResponse.js"
import type * as host from "./host.js"

export type Endpoint = "token" | "revocation" | "introspection" | "metadata" | "jwks" | "none"

export interface Endpoints {
  readonly issuer: string
  readonly token: string
  readonly revocation: string | undefined
  readonly introspection: string | undefined
  readonly jwks: string
  readonly metadata: ReadonlyArray<string>
}

/** The issuer of a server whose paths begin at a URL. */
export const issuerAt = (base: string, { paths }: Behavior): string => base.replace(/\/$/, "") + paths.issuer

/** The URLs of the endpoints. The issuer may have a path before that of the server. */
export const endpointsOf = (issuer: string, { paths }: Behavior): Endpoints => {
  const base = paths.issuer !== "" && issuer.endsWith(paths.issuer)
    ? issuer.slice(0, -paths.issuer.length)
    : issuer.replace(/\/$/, "")
  const at = (path: string | null) => path === null ? undefined : base + path
  const { origin, pathname } = new URL(issuer)
  return {
    issuer,
    token: base + paths.token,
    revocation: at(paths.revocation),
    introspection: at(paths.introspection),
    jwks: base + paths.jwks,
    metadata: paths.metadata.map((path) => origin + path.replace("{path}", pathname.replace(/\/$/, "")))
  }
}

/** Returns the endpoint at a URL. */
export const endpointAt = (endpoints: Endpoints, url: URL): Endpoint => {
  const isAt = (endpoint: string | undefined) => endpoint !== undefined && new URL(endpoint).pathname === url.pathname
  return (["token", "revocation", "introspection", "jwks"] as const).find((name) => isAt(endpoints[name])) ??
    (endpoints.metadata.some(isAt) ? "metadata" : "none")
}

/** Rejects a path that does not exist, and a method that its endpoint does not have. */
export const route = (
  { errorResponses }: Behavior,
  endpoint: Endpoint,
  { method }: host.Incoming
): Effect.Effect<void, ErrorResponse> => {
  if (endpoint === "none") return reject("wrongPath", "The URL is that of no endpoint.")
  const allowed = endpoint === "metadata" || endpoint === "jwks" ? ["GET", "HEAD"] : ["POST"]
  return allowed.includes(method) ? Effect.void : reject(
    "wrongMethod",
    `The method is ${method}, and must be ${allowed.join(" or ")}.`,
    { headers: errorResponses.wrongMethod.status === 405 ? { allow: allowed.join(", ") } : {} }
  )
}

/** Returns the metadata document; undefined members are not in the JSON. */
export const metadata = (
  endpoints: Endpoints,
  { grants, isCertificateBound, methods, scopes }: {
    readonly grants: ReadonlyArray<string>
    readonly methods: ReadonlyArray<string>
    readonly scopes: ReadonlyArray<string>
    readonly isCertificateBound: boolean
  }
) => ({
  issuer: endpoints.issuer,
  token_endpoint: endpoints.token,
  revocation_endpoint: endpoints.revocation,
  introspection_endpoint: endpoints.introspection,
  jwks_uri: endpoints.jwks,
  grant_types_supported: grants,
  token_endpoint_auth_methods_supported: [...new Set(methods)],
  ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
  ...(isCertificateBound ? { tls_client_certificate_bound_access_tokens: true } : {}),
  dpop_signing_alg_values_supported: ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]
})
