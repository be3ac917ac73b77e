import { FetchHttpClient, FileSystem } from "@effect/platform"
import { PromiseClient, SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import * as RedisHttpTokenStore from "@effect-oauth/redis/RedisHttpTokenStore"
import { Layer } from "effect"

// From OAUTH_*, API_BASE_URL, TOKEN_STORE_KEY, UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN.
const Api = SharedClientCredentials.layerEnv().pipe(
  Layer.provide([RedisHttpTokenStore.layerEnv(), TokenSeal.layerEnv()]),
  Layer.provide([FetchHttpClient.layer, FileSystem.layerNoop({})])
)

export const api = PromiseClient.make(Api)
