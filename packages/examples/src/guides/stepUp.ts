import { ApiClient, TokenRequest } from "@effect-oauth/client-credentials"
import { Effect } from "effect"

/** A payment, for which the API may require a more recent authentication than the cached token has. */
export const pay = (id: string) =>
  Effect.gen(function*() {
    const api = yield* ApiClient.ApiClient
    const call = api.post(`/payments/${encodeURIComponent(id)}`)
    return yield* Effect.catchTag(
      call,
      "InsufficientUserAuthentication",
      (error) => error.overrides === undefined ? Effect.fail(error) : TokenRequest.withOverrides(error.overrides)(call)
    )
  })
