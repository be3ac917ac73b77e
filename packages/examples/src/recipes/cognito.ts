import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://acme.auth.eu-west-1.amazoncognito.com/oauth2/token",
  clientId: "the id of the app client",
  clientSecret: Config.redacted("COGNITO_CLIENT_SECRET"),
  clientAuthentication: "client_secret_basic",
  scope: "inventory/items.read",
  apiBaseUrl: "https://api.example.com"
})
