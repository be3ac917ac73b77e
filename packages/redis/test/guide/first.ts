import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Layer } from "effect"

const Seal = TokenSeal.layerEnv()

// The client and its API from the environment, and Redis at REDIS_URL.
export const Api = SharedClientCredentials.layerEnv().pipe(
  Layer.provide([RedisTokenStore.layerEnv(), Seal]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
