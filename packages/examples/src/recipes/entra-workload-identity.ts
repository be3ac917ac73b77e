import { ClientAuthentication, ClientCredentials, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
  clientId: "11111111-2222-3333-4444-555555555555",
  clientAuthentication: ClientAuthentication.workloadIdentity(
    WorkloadIdentity.file("/var/run/secrets/azure/tokens/azure-identity-token")
  ),
  scope: "api://inventory/.default",
  apiBaseUrl: "https://api.example.com"
})
