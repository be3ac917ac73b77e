import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  issuer: "https://auth.example.com/",
  clientId: "inventory-sync",
  clientSecret: Config.redacted("HYDRA_CLIENT_SECRET"),
  clientAuthentication: "client_secret_basic",
  audience: "https://api.example.com",
  scope: "items:read",
  apiBaseUrl: "https://api.example.com"
})
