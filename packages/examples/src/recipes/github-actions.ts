import { ClientAuthentication, ClientCredentials, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  issuer: "https://auth.example.com/realms/acme",
  clientId: "release",
  clientAuthentication: ClientAuthentication.workloadIdentity(
    WorkloadIdentity.gitHubActions({ audience: "https://auth.example.com/realms/acme" })
  ),
  apiBaseUrl: "https://api.example.com"
})
