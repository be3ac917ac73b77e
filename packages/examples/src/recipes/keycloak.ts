import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  issuer: "https://auth.example.com/realms/acme",
  clientId: "inventory-sync",
  clientSecret: Config.redacted("KEYCLOAK_CLIENT_SECRET"),
  apiBaseUrl: "https://api.example.com"
})
