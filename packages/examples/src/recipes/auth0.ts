import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://acme.eu.auth0.com/oauth/token",
  clientId: "the client id of the application",
  clientSecret: Config.redacted("AUTH0_CLIENT_SECRET"),
  audience: "https://api.example.com",
  apiBaseUrl: "https://api.example.com"
})
