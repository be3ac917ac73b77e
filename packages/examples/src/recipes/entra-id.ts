import { ClientAuthentication, ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

const tenant = "11111111-2222-3333-4444-555555555555"

export const WithSecret = ClientCredentials.layer({
  tokenUrl: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
  clientId: "the application id",
  clientSecret: Config.redacted("ENTRA_CLIENT_SECRET"),
  scope: "https://graph.microsoft.com/.default",
  apiBaseUrl: "https://graph.microsoft.com/v1.0"
})

/** With the key of a certificate that the application was given. */
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
