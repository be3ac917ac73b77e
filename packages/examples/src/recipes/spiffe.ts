import { ClientAuthentication, ClientCredentials, WorkloadIdentity } from "@effect-oauth/client-credentials"

export const Api = ClientCredentials.layer({
  issuer: "https://auth.example.com",
  clientId: undefined,
  clientAuthentication: ClientAuthentication.workloadIdentity(
    WorkloadIdentity.file("/var/run/secrets/spiffe/auth.jwt"),
    { type: "spiffe" }
  ),
  apiBaseUrl: "https://api.example.com"
})
