/**
 * The lifetime of the cached token of the settings, as stated by the server.
 */
import * as SharedTokens from "@effect-oauth/client-credentials/SharedTokens"
import * as Effect from "effect/Effect"

import * as client from "./client.js"
import type { Screen } from "./Screen.js"
import * as settings from "./settings.js"

/** Returns the lifetime in milliseconds, or undefined without a cached token. Requests no token. */
export const life = (chosen: settings.Settings): Effect.Effect<number | undefined, never, Screen> =>
  Effect.map(SharedTokens.stored, (token) => token === undefined ? undefined : token.expiresAt - token.requestedAt)
    .pipe(
      Effect.provide(client.layer(settings.withoutApi(chosen))),
      Effect.orElseSucceed(() => undefined)
    )
