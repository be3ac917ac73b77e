import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Config, Layer } from "effect"

export const Api = SharedClientCredentials.layer({
  issuer: "https://auth.example.com",
  clientId: "inventory-sync",
  clientSecret: Config.redacted("OAUTH_CLIENT_SECRET"),
  // The same key in every process of the fleet, or OAUTH_DPOP_KEY with `layerEnv`.
  dpop: { key: Config.redacted("DPOP_KEY") },
  apiBaseUrl: "https://api.example.com/v1"
}).pipe(
  Layer.provide([RedisTokenStore.layerEnv(), TokenSeal.layerEnv()]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
