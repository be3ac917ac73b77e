import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"

import type { Client } from "../contender.js"
import type { InEffect } from "../transport/httpClient.js"

export const make = async ({ apiUrl, fixedToken, httpClient }: InEffect): Promise<Client> => {
  const runtime = ManagedRuntime.make(httpClient)
  const client = await runtime.runPromise(HttpClient.HttpClient)
  const headers = { authorization: `Bearer ${fixedToken}` }
  const call = Effect.flatMap(
    client.get(`${apiUrl}/items`, { headers }),
    (response) => Effect.as(response.json, response.status)
  )
  return {
    call: () => runtime.runPromise(call),
    inEffect: { call, run: (effect) => runtime.runPromise(effect) },
    close: () => runtime.dispose()
  }
}
