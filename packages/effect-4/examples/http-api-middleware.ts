/**
 * An endpoint that declares a middleware in the definition of the API, and a client that gets an access token for it from
 * one layer. The authorization server and the API are part of the program; it needs no network but 127.0.0.1.
 */
import { createServer } from "node:http"

import { NodeHttpServer } from "@effect/platform-node"
import { ClientCredentials, type OAuthError } from "@effect-oauth/client-credentials"
import * as ApiMiddleware from "@effect-oauth/client-credentials/ApiMiddleware"
import { Console, Effect, Layer, Redacted, Ref, Schema } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer, HttpServerResponse } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity
} from "effect/http-api"

// The definition, which server and client share. Of this library it needs a type.

class WithToken extends HttpApiMiddleware.Service<WithToken, { clientError: OAuthError.OAuthError }>()("WithToken", {
  requiredForClient: true,
  security: { bearer: HttpApiSecurity.bearer },
  error: HttpApiError.Unauthorized
}) {}

const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int })

const Inventory = HttpApi.make("inventory")
  .add(
    HttpApiGroup.make("items").add(
      HttpApiEndpoint.get("list", "/items", { success: Schema.Array(Item) }).middleware(WithToken)
    )
  )
  .add(HttpApiGroup.make("status").add(HttpApiEndpoint.get("ping", "/ping", { success: Schema.String })))

// The client.

const tokenOf = (url: string) => {
  const Api = ClientCredentials.layer({
    tokenUrl: `${url}/oauth/token`,
    clientId: "inventory-sync",
    clientSecret: Redacted.make("s3cr3t"),
    apiBaseUrl: url,
    allowHttpLoopback: true
  })
  return ApiMiddleware.layer(WithToken).pipe(Layer.provide(Api))
}

/** Calls the API before and after its token is revoked. */
const calls = (url: string, issued: Ref.Ref<number>, revoke: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const inventory = yield* HttpApiClient.make(Inventory, { baseUrl: url })
    yield* Console.log(`${yield* inventory.status.ping()}, tokens: ${yield* Ref.get(issued)}`)
    yield* Console.log(`${(yield* inventory.items.list()).length} item, tokens: ${yield* Ref.get(issued)}`)
    yield* revoke
    yield* Console.log(`${(yield* inventory.items.list()).length} item, tokens: ${yield* Ref.get(issued)}`)
  }).pipe(Effect.provide(tokenOf(url)), Effect.provide(FetchHttpClient.layer))

// The server accepts the token that was issued last, until it is revoked.

const servers = (valid: Ref.Ref<string | undefined>, issued: Ref.Ref<number>) => {
  const Tokens = Layer.succeed(WithToken, {
    bearer: (handler, { credential }) =>
      Effect.gen(function*() {
        if (Redacted.value(credential) !== (yield* Ref.get(valid))) return yield* new HttpApiError.Unauthorized()
        return yield* handler
      })
  })
  const Handlers = Layer.mergeAll(
    HttpApiBuilder.group(
      Inventory,
      "items",
      (handlers) => handlers.handle("list", () => Effect.succeed([{ sku: "SKU-1", quantity: 100 }]))
    ),
    HttpApiBuilder.group(Inventory, "status", (handlers) => handlers.handle("ping", () => Effect.succeed("pong")))
  )
  const TokenEndpoint = HttpRouter.add(
    "POST",
    "/oauth/token",
    Effect.gen(function*() {
      const token = `token-${yield* Ref.updateAndGet(issued, (count) => count + 1)}`
      yield* Ref.set(valid, token)
      return HttpServerResponse.jsonUnsafe({ access_token: token, token_type: "Bearer", expires_in: 3600 })
    })
  )
  const Api = HttpApiBuilder.layer(Inventory).pipe(Layer.provide(Handlers), Layer.provide(Tokens))
  return HttpRouter.serve(Layer.mergeAll(Api, TokenEndpoint), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 }))
  )
}

export const program = Effect.gen(function*() {
  const valid = yield* Ref.make<string | undefined>(undefined)
  const issued = yield* Ref.make(0)
  yield* HttpServer.addressFormattedWith((url) => calls(url, issued, Ref.set(valid, undefined))).pipe(
    Effect.provide(servers(valid, issued))
  )
})
