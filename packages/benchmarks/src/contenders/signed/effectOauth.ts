import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as ClientAuthentication from "@effect-oauth/client-credentials/ClientAuthentication"
import * as ClientCredentials from "@effect-oauth/client-credentials/ClientCredentials"
import * as TokenCache from "@effect-oauth/client-credentials/TokenCache"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

import type { Signed, Signing } from "../../signed.js"
import type { InEffect } from "../../transport/httpClient.js"

export const make = async (
  { apiUrl, clientId, clientSecret, credential, httpClient, key, tokenUrl }: Signing & InEffect
): Promise<Signed> => {
  const common = { tokenUrl, clientId, apiBaseUrl: apiUrl }
  const privateKey = Redacted.make(key.jwk)
  const runtime = ManagedRuntime.make(
    ClientCredentials.layer(
      credential === "private_key_jwt"
        ? { ...common, clientAuthentication: ClientAuthentication.privateKeyJwt({ key: privateKey }) }
        : {
          ...common,
          clientSecret: Redacted.make(clientSecret),
          dpop: credential === "dpop" ? { key: privateKey } : undefined
        }
    ).pipe(
      Layer.provideMerge(httpClient),
      // Several clients of the same name in one process are a mistake in a program, which is logged; here they are intended.
      Layer.provideMerge(Logger.remove(Logger.defaultLogger))
    )
  )
  const api = await runtime.runPromise(ApiClient.ApiClient)
  const cache = await runtime.runPromise(TokenCache.TokenCache)
  const call = Effect.flatMap(api.get("/items"), (response) => Effect.as(response.json, response.status))
  const refresh = Effect.asVoid(Effect.flatMap(cache.get, cache.refresh))
  return {
    call: () => runtime.runPromise(call),
    refresh: () => runtime.runPromise(refresh),
    close: () => runtime.dispose()
  }
}
