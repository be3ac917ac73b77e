/**
 * A service for many tenants, each with a separate client: a client is created by the first call of a tenant and closed
 * after an idle hour. The environment contains `NORTH_OAUTH_CLIENT_ID`, `SOUTH_OAUTH_CLIENT_ID` and so on.
 */
import { HttpClientResponse } from "@effect/platform"
import { NodeContext, NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Console, Effect, LayerMap, Schema } from "effect"

class Tenants extends LayerMap.Service<Tenants>()("Tenants", {
  lookup: (tenant: string) => ClientCredentials.layerEnv({ prefix: tenant.toUpperCase() }),
  dependencies: [NodeHttpClient.layerUndici, NodeContext.layer],
  idleTimeToLive: "1 hour"
}) {}

const Items = Schema.Array(Schema.Struct({ sku: Schema.String, quantity: Schema.Int }))

const count = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const items = yield* Effect.flatMap(api.get("/items"), HttpClientResponse.schemaBodyJson(Items))
  return items.length
})

const program = Effect.forEach(["north", "south", "north"], (tenant) =>
  Effect.gen(function*() {
    yield* Console.log(`${tenant}: ${yield* count} items`)
  }).pipe(Effect.provide(Tenants.get(tenant))))

program.pipe(Effect.provide(Tenants.Default), NodeRuntime.runMain)
