import { ClientCredentials, Grant, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://api.anthropic.com/v1/oauth/token",
  grant: Grant.jwtBearer(WorkloadIdentity.file("/var/run/secrets/anthropic.com/token")),
  requestFormat: "json",
  parameters: {
    federation_rule_id: "fdrl_01ABC",
    organization_id: "00000000-0000-0000-0000-000000000000",
    service_account_id: "svac_01ABC"
  },
  apiBaseUrl: "https://api.anthropic.com/v1"
})
