/**
 * The endpoints of the authorization server, and the metadata that names them (RFC 8414).
 */
import type { Behavior } from "./behavior.js"

export type Endpoint = "token" | "revocation" | "introspection" | "metadata" | "jwks" | "none"

export interface Endpoints {
  readonly issuer: string
  readonly token: string
  readonly revocation: string
  readonly introspection: string
  readonly jwks: string
}

/** The issuer of a server whose paths begin at a URL. */
export const issuerAt = (base: string, { paths }: Behavior): string => base.replace(/\/$/, "") + paths.issuer

/** The URLs of the endpoints. The issuer may have a path before that of the server. */
export const endpointsOf = (issuer: string, { paths }: Behavior): Endpoints => {
  const base = paths.issuer !== "" && issuer.endsWith(paths.issuer)
    ? issuer.slice(0, -paths.issuer.length)
    : issuer.replace(/\/$/, "")
  return {
    issuer,
    token: base + paths.token,
    revocation: base + paths.revocation,
    introspection: base + paths.introspection,
    jwks: base + paths.jwks
  }
}

/** OpenID Connect Discovery section 4 appends, RFC 8414 section 3 inserts. */
const metadataPaths = (issuer: string): ReadonlyArray<string> => {
  const path = new URL(issuer).pathname.replace(/\/$/, "")
  return [
    `${path}/.well-known/oauth-authorization-server`,
    `${path}/.well-known/openid-configuration`,
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`
  ]
}

/** Returns the endpoint at a URL. */
export const endpointAt = (endpoints: Endpoints, url: URL): Endpoint => {
  for (const name of ["token", "revocation", "introspection", "jwks"] as const) {
    if (new URL(endpoints[name]).pathname === url.pathname) return name
  }
  return metadataPaths(endpoints.issuer).includes(url.pathname) ? "metadata" : "none"
}

export const metadata = (
  endpoints: Endpoints,
  methods: ReadonlyArray<string>,
  scopes: ReadonlyArray<string>
) => ({
  issuer: endpoints.issuer,
  token_endpoint: endpoints.token,
  revocation_endpoint: endpoints.revocation,
  introspection_endpoint: endpoints.introspection,
  jwks_uri: endpoints.jwks,
  grant_types_supported: ["client_credentials"],
  token_endpoint_auth_methods_supported: [...new Set(methods)],
  ...(scopes.length === 0 ? {} : { scopes_supported: scopes }),
  dpop_signing_alg_values_supported: ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]
})
