import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { PromiseClient, SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Layer } from "effect"

// From OAUTH_*, API_BASE_URL, TOKEN_STORE_KEY and REDIS_URL.
const Api = SharedClientCredentials.layerEnv({
  overrides: {
    // The issuer counts by calendar days of its time zone.
    issuanceBudget: { limit: 50, window: { timeZone: "Europe/Amsterdam" } }
  }
}).pipe(
  Layer.provide([RedisTokenStore.layerEnv(), TokenSeal.layerEnv()]),
  Layer.provide([FetchHttpClient.layer, NodeContext.layer])
)

export const api = PromiseClient.make(Api)
