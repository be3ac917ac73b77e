import { ClientCredentials } from "@effect-oauth/client-credentials"
import * as ApiMiddleware from "@effect-oauth/client-credentials/ApiMiddleware"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"

import { Inventory, WithToken } from "./definition.js"

const apiBaseUrl = "https://api.example.com/v1"

const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl
})

const Token = ApiMiddleware.layer(WithToken).pipe(Layer.provide(Api))

export const program = Effect.gen(function*() {
  const inventory = yield* HttpApiClient.make(Inventory, { baseUrl: apiBaseUrl })
  return yield* inventory.items.list()
}).pipe(Effect.provide(Token), Effect.provide(FetchHttpClient.layer))
