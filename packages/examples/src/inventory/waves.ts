/**
 * The demonstration: many typed calls with one token; a revocation at the authorization server; as many calls again,
 * with exactly one new token.
 */
import { HttpApiClient, HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { ApiClient, TokenCache } from "@effect-oauth/client-credentials"
import { Array, Effect, Redacted } from "effect"

import type { AuthorizationServer, Client } from "../embedded/authorizationServer.js"
import type { InventoryServer } from "../embedded/inventoryServer.js"
import { InventoryApi } from "./InventoryApi.js"
import type { Row } from "./report.js"

export interface Options {
  readonly calls: number
  readonly concurrency: number
  readonly authorizationServer: AuthorizationServer
  readonly inventory: InventoryServer
  readonly client: Client
  /** Receives the number of calls done so far, in both waves together. */
  readonly progress: (done: number) => void
}

const makeInventory = Effect.flatMap(
  ApiClient.ApiClient,
  (httpClient) => HttpApiClient.makeWith(InventoryApi, { httpClient })
)

/** Revokes a token (RFC 7009 section 2.1). */
const revoke = ({ authorizationServer, client: { id, secret } }: Options) =>
  Effect.gen(function*() {
    const token = yield* Effect.flatMap(TokenCache.TokenCache, (cache) => cache.get)
    yield* HttpClientRequest.post(authorizationServer.revocationUrl).pipe(
      HttpClientRequest.bodyUrlParams({
        client_id: id,
        client_secret: Redacted.value(secret),
        token: Redacted.value(token.value)
      }),
      HttpClient.execute,
      Effect.flatMap(HttpClientResponse.filterStatusOk)
    )
  })

export const run = (options: Options) =>
  Effect.gen(function*() {
    const { authorizationServer, calls, concurrency, inventory, progress } = options
    const api = yield* makeInventory
    const skus = Array.map(yield* api.items.list(), ({ sku }) => sku)
    let done = 0

    const call = (index: number) =>
      Effect.tap(api.items.find({ path: { sku: skus[index % skus.length] ?? "" } }), () =>
        Effect.sync(() => progress(done += 1)))

    const wave = (name: string) =>
      Effect.gen(function*() {
        const rejections = yield* inventory.rejections
        const [time] = yield* Effect.timed(
          Effect.forEach(Array.range(1, calls), call, { concurrency, discard: true })
        )
        const row: Row = {
          name,
          calls,
          tokens: yield* authorizationServer.tokensIssued,
          replays: (yield* inventory.rejections) - rejections,
          time
        }
        return row
      })

    const first = yield* wave("first wave")
    yield* revoke(options)
    return [first, yield* wave("after the revocation")] as const
  })
