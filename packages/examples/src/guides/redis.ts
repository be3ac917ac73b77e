import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Layer } from "effect"

/** Reads `TOKEN_STORE_KEY` (`openssl rand -base64 32`) and, during a rotation, `TOKEN_STORE_KEY_PREVIOUS`. */
const Seal = TokenSeal.layerEnv()

export const Api = SharedClientCredentials.layerEnv({
  overrides: {
    // The issuer counts by calendar days of its time zone.
    issuanceBudget: { limit: 50, window: { timeZone: "Europe/Amsterdam" } }
  }
}).pipe(
  Layer.provide([RedisTokenStore.layerEnv(), Seal]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
