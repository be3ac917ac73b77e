import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as ClientCredentials from "@effect-oauth/client-credentials/ClientCredentials"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks, tokenUrl }: Surroundings
): Promise<Client> => {
  const runtime = ManagedRuntime.make(
    ClientCredentials.layer({
      tokenUrl,
      clientId,
      clientSecret: Redacted.make(clientSecret),
      apiBaseUrl: apiUrl,
      allowHttpLoopback: true
    }).pipe(Layer.provide(stacks.httpClient))
  )
  const api = await runtime.runPromise(ApiClient.ApiClient)
  const call = Effect.flatMap(api.get("/items"), (response) => Effect.as(response.json, response.status))
  return {
    call: () => runtime.runPromise(call),
    inEffect: { call, run: (effect) => runtime.runPromise(effect) },
    close: () => runtime.dispose()
  }
}
