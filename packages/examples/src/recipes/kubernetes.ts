import { ClientAuthentication, ClientCredentials, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  issuer: "https://auth.example.com/realms/acme",
  clientId: "inventory-sync",
  clientAuthentication: ClientAuthentication.workloadIdentity(
    WorkloadIdentity.file("/var/run/secrets/tokens/auth")
  ),
  apiBaseUrl: "https://api.example.com"
})
