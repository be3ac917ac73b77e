/**
 * Processes that share a store, and the authorization server and the API in memory that they call.
 */
import { ApiClient, SharedClientCredentials, TokenSeal, type TokenStore } from "@effect-oauth/client-credentials"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, Logger, Redacted } from "effect"

import { sealKey } from "./sealKey.js"

export const Servers = OAuthTest.layerHttpClient().pipe(
  Layer.provideMerge(TestApi.layer()),
  Layer.provideMerge(TestAuthorizationServer.layer()),
  Layer.merge(Logger.remove(Logger.defaultLogger))
)

export const tokensIssued = Effect.flatMap(
  TestAuthorizationServer.TestAuthorizationServer,
  ({ issued }) => Effect.map(issued, (all) => all.length)
)

/**
 * Starts a process: a client with a separate cache and a separate connection to the store. Returns a call of its API.
 */
export const startProcess = <E, R>(
  store: Layer.Layer<TokenStore.TokenStore, E, R>,
  options: Partial<SharedClientCredentials.Options> = {}
) =>
  Effect.map(
    Layer.build(Layer.fresh(
      SharedClientCredentials.layer({
        tokenUrl: "https://auth.test/token",
        clientId: "test-client",
        clientSecret: Redacted.make("test-secret"),
        apiBaseUrl: "https://api.test",
        ...options
      }).pipe(Layer.provide([store, TokenSeal.layer([sealKey(1)])]))
    )),
    (context) => Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")), context)
  )

/** Starts a number of processes at once. */
export const startProcesses = <E, R>(
  size: number,
  store: Layer.Layer<TokenStore.TokenStore, E, R>,
  options?: Partial<SharedClientCredentials.Options>
) => Effect.replicateEffect(startProcess(store, options), size, { concurrency: "unbounded" })
