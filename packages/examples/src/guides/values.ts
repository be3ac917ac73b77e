import { NodeHttpClient } from "@effect/platform-node"
import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Config, Layer } from "effect"

export const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Config.redacted("INVENTORY_SECRET"),
  audience: "https://api.example.com",
  apiBaseUrl: "https://api.example.com/v1"
}).pipe(Layer.provide(NodeHttpClient.layerUndici))
