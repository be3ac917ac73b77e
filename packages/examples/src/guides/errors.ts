import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { ApiClient, OAuthError } from "@effect-oauth/client-credentials"
import { Effect, Schema } from "effect"

const Created = Schema.Struct({ sku: Schema.String })

export const create = (name: string) =>
  Effect.gen(function*() {
    const api = yield* ApiClient.ApiClient
    const request = yield* HttpClientRequest.bodyJson(HttpClientRequest.post("/items"), { name })
    const response = yield* api.execute(request)
    return yield* HttpClientResponse.schemaBodyJson(Created)(response)
  }).pipe(
    Effect.catchIf(OAuthError.isOAuthError, (error) =>
      error._tag === "InsufficientScope"
        ? Effect.logError("The API requires the scope", error.scope)
        : Effect.logError(error.retryable ? "Temporary failure" : "Permanent failure", error))
  )
