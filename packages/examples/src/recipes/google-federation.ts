import { ClientCredentials, Grant, WorkloadIdentity } from "@effect-oauth/client-credentials"

const provider = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/build/providers/github"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://sts.googleapis.com/v1/token",
  grant: Grant.tokenExchange({
    subject: WorkloadIdentity.gitHubActions({ audience: `https:${provider}` }),
    requestedType: "access_token"
  }),
  audience: provider,
  scope: "https://www.googleapis.com/auth/cloud-platform",
  apiBaseUrl: "https://storage.googleapis.com"
})
