import { ClientAuthentication, ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

/** A client of a custom authorization server, which issues tokens for your own APIs. */
export const Api = ClientCredentials.layer({
  issuer: "https://acme.okta.com/oauth2/default",
  clientId: "the client id of the service app",
  clientSecret: Config.redacted("OKTA_CLIENT_SECRET"),
  scope: "items.read",
  apiBaseUrl: "https://api.example.com"
})

/** A client of the org authorization server, which issues tokens for Okta's own API and requires a key. */
export const Okta = ClientCredentials.layer({
  tokenUrl: "https://acme.okta.com/oauth2/v1/token",
  clientId: "the client id of the service app",
  clientAuthentication: ClientAuthentication.privateKeyJwt({
    key: Config.redacted("OKTA_PRIVATE_KEY"),
    keyId: "the kid that Okta shows",
    audience: "token_endpoint"
  }),
  scope: "okta.users.read",
  apiBaseUrl: "https://acme.okta.com/api/v1",
  dpop: true
})
