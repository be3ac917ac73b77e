import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { ClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Config, Effect, Layer } from "effect"

/** `TOKEN_STORE_KEY` is 32 random bytes, `openssl rand -base64 32`; to replace it, `[new, old]` for a day. */
const Seal = Layer.unwrapEffect(
  Effect.map(Config.redacted("TOKEN_STORE_KEY"), (key) => TokenSeal.layer([key]))
)

export const Api = ClientCredentials.layerSharedConfig({
  // The issuer counts by calendar days, where it stands.
  issuanceBudget: { limit: 50, window: { timeZone: "Europe/Amsterdam" } }
}).pipe(
  Layer.provide([RedisTokenStore.layerConfig(), Seal]),
  Layer.provide([NodeHttpClient.layerUndici, NodeContext.layer])
)
