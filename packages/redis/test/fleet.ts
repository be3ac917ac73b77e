/**
 * Fleets of clients on a real Redis, against an authorization server and an API in memory.
 */
import { createHash } from "node:crypto"

import { ApiClient, SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Logger, Redacted } from "effect"
import type { RedisOptions } from "ioredis"

const key = Redacted.make(createHash("sha256").update("store key").digest("base64"))
const quiet = Logger.remove(Logger.defaultLogger)

/** No store is given up that is there, however busy the machine: it would cost a token more. */
export const patient: RedisTokenStore.Options = { timeout: "2 minutes" }

/** So many processes' worth of clients: each has a connection and a cache of its own. */
export const fleet = (
  size: number,
  connection: RedisOptions,
  more: Partial<SharedClientCredentials.Options> = {},
  options: RedisTokenStore.Options = patient
) =>
  Effect.forEach(
    Array.from({ length: size }),
    () =>
      Effect.map(
        Layer.build(Layer.fresh(
          SharedClientCredentials.layer({
            tokenUrl: "https://auth.test/token",
            clientId: "test-client",
            clientSecret: Redacted.make("test-secret"),
            apiBaseUrl: "https://api.test",
            ...more
          }).pipe(
            Layer.provide([
              RedisTokenStore.layer({ host: "127.0.0.1", ...connection }, options),
              TokenSeal.layer([key])
            ])
          )
        )),
        (context) => Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")), context)
      ),
    { concurrency: "unbounded" }
  )

export const Servers = (options: OAuthTest.Options = {}) =>
  OAuthTest.layerHttpClient().pipe(
    Layer.provideMerge(TestApi.layer(options.api)),
    Layer.provideMerge(TestAuthorizationServer.layer(options.server)),
    Layer.merge(quiet)
  )

export const tokensIssued = Effect.flatMap(
  TestAuthorizationServer.TestAuthorizationServer,
  ({ issued }) => Effect.map(issued, (all) => all.length)
)
