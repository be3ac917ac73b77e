import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { ClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Layer } from "effect"

const Seal = TokenSeal.layerConfig()

// The client and its API from the environment, and Redis at REDIS_URL.
export const Api = ClientCredentials.layerSharedConfig().pipe(
  Layer.provide([RedisTokenStore.layerConfig(), Seal]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
