import { ClientAuthentication, ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
import { Config } from "effect"

const tenant = "11111111-2222-3333-4444-555555555555"

export const WithSecret = ClientCredentials.layer({
  tokenUrl: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
  clientId: "the application id",
  clientSecret: Config.redacted("ENTRA_CLIENT_SECRET"),
  scope: "https://graph.microsoft.com/.default",
  apiBaseUrl: "https://graph.microsoft.com/v1.0"
})

/** A client with a certificate of the application and its private key. */
export const WithCertificate = ClientCredentials.layer({
  tokenUrl: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
  clientId: "the application id",
  clientAuthentication: ClientAuthentication.privateKeyJwt({
    key: Config.redacted("ENTRA_PRIVATE_KEY"),
    certificate: "the certificate of the key, as PEM",
    algorithm: "PS256",
    audience: "token_endpoint",
    type: "JWT"
  }),
  scope: "https://graph.microsoft.com/.default",
  apiBaseUrl: "https://graph.microsoft.com/v1.0"
})

/** A client with a certificate, for promises. */
export const client = () =>
  PromiseClient.create({
    tokenUrl: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    clientId: "the application id",
    clientAuthentication: ClientAuthentication.privateKeyJwt({
      key: PromiseClient.secret(process.env["ENTRA_PRIVATE_KEY"] ?? ""),
      certificate: "the certificate of the key, as PEM",
      algorithm: "PS256",
      audience: "token_endpoint",
      type: "JWT"
    }),
    scope: "https://graph.microsoft.com/.default",
    apiBaseUrl: "https://graph.microsoft.com/v1.0"
  })
