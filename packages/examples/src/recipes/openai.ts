import { ClientCredentials, Grant, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.openai.com/oauth/token",
  grant: Grant.tokenExchange({ subject: WorkloadIdentity.file("/var/run/secrets/openai.com/token") }),
  requestFormat: "json",
  parameters: { identity_provider_id: "idp_abc123", service_account_id: "user-abc123" },
  apiBaseUrl: "https://api.openai.com/v1"
})
