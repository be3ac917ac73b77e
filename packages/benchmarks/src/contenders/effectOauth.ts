import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as ClientCredentials from "@effect-oauth/client-credentials/ClientCredentials"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"

import type { Client, Surroundings } from "../contender.js"
import type { InEffect } from "../transport/httpClient.js"

const options = ({ apiUrl, clientId, clientSecret, tokenUrl }: Surroundings) => ({
  tokenUrl,
  clientId,
  clientSecret: Redacted.make(clientSecret),
  apiBaseUrl: apiUrl,
  allowHttpLoopback: true
})

const get = (api: ApiClient.Client) =>
  Effect.flatMap(api.get("/items"), (response) => Effect.as(response.json, response.status))

export const make = async (surroundings: InEffect): Promise<Client> => {
  const runtime = ManagedRuntime.make(
    ClientCredentials.layer(options(surroundings)).pipe(Layer.provideMerge(surroundings.httpClient))
  )
  const call = get(await runtime.runPromise(ApiClient.ApiClient))
  return {
    call: () => runtime.runPromise(call),
    inEffect: { call, run: (effect) => runtime.runPromise(effect) },
    close: () => runtime.dispose()
  }
}

/**
 * Creates clients in one runtime, as a program with a client for each tenant does. That all of them request the same
 * token is a mistake in a program, which is logged; here it is intended.
 */
export const inOneRuntime = (surroundings: InEffect): () => Promise<Client> => {
  const runtime = ManagedRuntime.make(
    Layer.merge(surroundings.httpClient, Logger.remove(Logger.defaultLogger))
  )
  return async () => {
    const scope = await runtime.runPromise(Scope.make())
    const client = ClientCredentials.make(options(surroundings)).pipe(Scope.extend(scope))
    const call = get(await runtime.runPromise(client))
    return {
      call: () => runtime.runPromise(call),
      close: () => runtime.runPromise(Scope.close(scope, Exit.void))
    }
  }
}
