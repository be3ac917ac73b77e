import { NodeContext } from "@effect/platform-node"
import { ClientAuthentication, ClientCredentials } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Config, Layer } from "effect"

/** A client with a private key and proofs of possession. */
export const WithKey = ClientCredentials.layer({
  issuer: "https://auth.bank.example",
  clientId: "payments",
  clientAuthentication: ClientAuthentication.privateKeyJwt({
    key: Config.redacted("BANK_PRIVATE_KEY"),
    keyId: "2026-11",
    algorithm: "PS256"
  }),
  scope: "payments",
  dpop: true,
  apiBaseUrl: "https://api.bank.example"
}).pipe(Layer.provide(NodeTls.layer({ minVersion: "TLSv1.2" })))

/**
 * A client with mutual TLS: OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE. The token is bound to the certificate.
 */
export const WithCertificate = ClientCredentials.layer({
  issuer: "https://auth.bank.example",
  clientId: "payments",
  clientAuthentication: "tls_client_auth",
  scope: "payments",
  apiBaseUrl: "https://api.bank.example"
}).pipe(Layer.provide(NodeTls.layerEnv()), Layer.provide(NodeContext.layer))
