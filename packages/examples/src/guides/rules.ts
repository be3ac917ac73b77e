import { ApiClient, ClientCredentials, ReplaySchedule, TokenRequest } from "@effect-oauth/client-credentials"
import type { Redacted } from "effect"
import { Effect, Layer, Schedule } from "effect"

declare const readFromVault: Effect.Effect<Redacted.Redacted<string>, Error>

export const Api = ClientCredentials.layerEnv({
  overrides: {
    tokenCache: {
      // Refreshed an hour before the expiry: this server has long maintenance windows.
      refreshBefore: "1 hour",
      // During an outage, a call without a token waits for at most this long.
      retryTimeout: "30 seconds"
    },
    tokenEndpoint: { timeout: "10 seconds" },
    revokeAtShutdown: true
  }
}).pipe(
  // This API accepts new tokens with a delay, so a rejected call is replayed twice.
  Layer.provide(
    Layer.succeed(
      ReplaySchedule.ReplaySchedule,
      Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(2))
    )
  )
)

export const WithVault = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  // Read for every token request, and again when the server rejects it.
  clientSecret: readFromVault,
  apiBaseUrl: "https://api.example.com"
})

export const remove = (sku: string) =>
  Effect.flatMap(ApiClient.ApiClient, (api) => api.del(`/items/${sku}`)).pipe(
    // A separate token for this call; it is cached too.
    TokenRequest.withOverrides({ scope: "items:write" })
  )
