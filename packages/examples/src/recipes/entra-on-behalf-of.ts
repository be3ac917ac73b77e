import { ApiClient, ClientCredentials, Grant } from "@effect-oauth/client-credentials"
import { Config, Effect, type Redacted } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
  clientId: "11111111-2222-3333-4444-555555555555",
  clientSecret: Config.redacted("ENTRA_CLIENT_SECRET"),
  grant: Grant.jwtBearer("onBehalfOf"),
  parameters: { requested_token_use: "on_behalf_of" },
  scope: "https://graph.microsoft.com/User.Read",
  apiBaseUrl: "https://graph.microsoft.com/v1.0"
})

export const profileOf = (user: Redacted.Redacted<string>) =>
  Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/me")).pipe(Grant.onBehalfOf(user))
