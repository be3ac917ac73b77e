import { HttpLayerRouter } from "@effect/platform"
import * as JwkSet from "@effect-oauth/client-credentials/JwkSet"
import { Config } from "effect"

/** Serves the `jwks_uri` that the client is registered with. */
export const KeysRoute = HttpLayerRouter.add(
  "GET",
  "/.well-known/jwks.json",
  JwkSet.response({
    keys: [
      { key: Config.redacted("CURRENT_KEY"), keyId: "2026-11" },
      { key: Config.redacted("NEXT_KEY"), keyId: "2026-12" }
    ]
  })
)
