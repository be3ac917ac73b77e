/**
 * The life of the token that is cached for the settings, as the server states it.
 */
import { SharedTokens } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"

import * as client from "./client.js"
import type { Screen } from "./Screen.js"
import * as settings from "./settings.js"

/** Returns the life in milliseconds; undefined where there is no token, or no client that could have one. It requests none. */
export const life = (chosen: settings.Settings): Effect.Effect<number | undefined, never, Screen> =>
  Effect.map(SharedTokens.stored, (token) => token === undefined ? undefined : token.expiresAt - token.requestedAt)
    .pipe(
      Effect.provide(client.layer(settings.withoutApi(chosen))),
      Effect.orElseSucceed(() => undefined)
    )
