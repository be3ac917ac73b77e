import { HttpClient } from "@effect/platform"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Config, Effect, Schedule } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Config.redacted("INVENTORY_SECRET"),
  apiBaseUrl: "https://api.example.com/v1",
  // This API rejects tokens by status 419, and on /graphql by an error in a response with status 200.
  rejectedWhen: {
    statuses: [419],
    response: ({ body, status }) => status === 200 && body.includes(`"code":"UNAUTHENTICATED"`)
  }
})

/** Failed connections and statuses such as 429 and 503 are retried, since this call only reads. */
export const items = Effect.gen(function*() {
  const api = HttpClient.retryTransient(yield* ApiClient.ApiClient, {
    schedule: Schedule.exponential("200 millis"),
    times: 3
  })
  const response = yield* api.get("/items")
  return yield* response.json
})
