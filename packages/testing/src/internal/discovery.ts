/**
 * The endpoints of the authorization server, and the metadata that names them (RFC 8414).
 */
import type { Behavior } from "./behavior.js"

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

/** Returns the metadata document; undefined members are not in the JSON. */
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
