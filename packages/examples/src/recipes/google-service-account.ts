import { ClientCredentials, Grant } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://oauth2.googleapis.com/token",
  grant: Grant.signedAssertion({
    issuer: "inventory@acme.iam.gserviceaccount.com",
    key: Config.redacted("GOOGLE_PRIVATE_KEY"),
    keyId: "1a2b3c",
    claims: { scope: "https://www.googleapis.com/auth/devstorage.read_only" }
  }),
  apiBaseUrl: "https://storage.googleapis.com"
})
