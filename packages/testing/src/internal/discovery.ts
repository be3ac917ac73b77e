/**
 * The endpoints of the authorization server, and the metadata that names them (RFC 8414).
 */
export type Endpoint = "token" | "revocation" | "introspection" | "metadata" | "none"

const paths: Readonly<Record<string, Endpoint>> = {
  "/token": "token",
  "/token/revocation": "revocation",
  "/token/introspection": "introspection",
  "/.well-known/oauth-authorization-server": "metadata",
  "/.well-known/openid-configuration": "metadata"
}

/** Returns the endpoint at a URL, whose path may begin with that of the issuer. */
export const endpointAt = (issuer: string, url: URL): Endpoint => {
  const prefix = new URL(issuer).pathname.replace(/\/$/, "")
  return paths[url.pathname.slice(prefix.length)] ?? "none"
}

export const metadata = (issuer: string) => ({
  issuer,
  token_endpoint: `${issuer}/token`,
  revocation_endpoint: `${issuer}/token/revocation`,
  introspection_endpoint: `${issuer}/token/introspection`,
  grant_types_supported: ["client_credentials"],
  token_endpoint_auth_methods_supported: [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth"
  ],
  dpop_signing_alg_values_supported: ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"]
})
