import { ClientCredentials, Grant } from "@effect-oauth/client-credentials"
import { Config } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://acme.my.salesforce.com/services/oauth2/token",
  grant: Grant.signedAssertion({
    issuer: "3MVG9...the consumer key",
    subject: "integration@acme.example",
    audience: "https://login.salesforce.com",
    key: Config.redacted("SALESFORCE_PRIVATE_KEY")
  }),
  tokenEndpoint: { defaultLife: "30 minutes" },
  apiBaseUrl: "https://acme.my.salesforce.com/services/data/v62.0"
})
