/** Uses of the exports that only Effect 4 has: Effect 3 has no middleware of clients. */
import { ClientCredentials, type OAuthError } from "@effect-oauth/client-credentials"
import * as ApiMiddleware from "@effect-oauth/client-credentials/ApiMiddleware"
import { Effect, Layer, type Redacted, Schema, type Scope } from "effect"
import type { HttpClient } from "effect/http"
import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware } from "effect/http-api"

import { options } from "./scenario.js"

export type Use = Effect.Effect<unknown, unknown, Scope.Scope>

/** A use of an export, with an HTTP client that works; or why it cannot hold a secret. */
export type Entry = ((http: Layer.Layer<HttpClient.HttpClient>) => Use) | string

class WithToken extends HttpApiMiddleware.Service<WithToken, { clientError: OAuthError.OAuthError }>()("WithToken", {
  requiredForClient: true
}) {}

const Inventory = HttpApi.make("inventory").add(
  HttpApiGroup.make("items", { topLevel: true }).add(
    HttpApiEndpoint.get("list", "/items", { success: Schema.Struct({ ok: Schema.Boolean }) }).middleware(WithToken)
  )
)

/** The modules that no index exports. */
export const modules = { ApiMiddleware }

export const uses = (clientSecret: Redacted.Redacted<string>): Readonly<Record<string, Entry>> => ({
  "ApiMiddleware.layer": (http) => {
    const Api = ClientCredentials.layer({ ...options, clientSecret }).pipe(Layer.provide(http))
    const Token = ApiMiddleware.layer(WithToken).pipe(Layer.provide(Api))
    return Effect.forEach(
      ["https://api.example.com/v1", "https://elsewhere.example"],
      (baseUrl) =>
        Effect.gen(function*() {
          const client = yield* HttpApiClient.make(Inventory, { baseUrl })
          return [client, yield* Effect.exit(client.list())]
        })
    ).pipe(Effect.provide([Token, http]))
  }
})
