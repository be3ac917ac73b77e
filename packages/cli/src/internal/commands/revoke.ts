/**
 * `effect-oauth revoke`: takes the token back that is kept (RFC 7009), and forgets it.
 */
import { ClientConfig, SharedTokens, TokenRevocation } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"

import * as client from "../client.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"

export interface Options extends Common {
  /** Forgets the token where the server revokes none. */
  readonly forget: boolean
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const chosen = yield* settings.load(options.profile)
    const use = Effect.gen(function*() {
      const { note } = yield* Screen
      const { clientId } = (yield* ClientConfig.ClientConfig).request
      const token = yield* SharedTokens.stored
      if (token === undefined) {
        yield* note(`There is no token of ${clientId}: nothing to revoke.`)
        return "success" as const
      }
      if (!options.forget) yield* Effect.flatMap(TokenRevocation.TokenRevocation, ({ revoke }) => revoke(token))
      yield* SharedTokens.forget(token)
      yield* note(
        options.forget
          ? `The token of ${clientId} is forgotten here; the server accepts it until it expires.`
          : `The token of ${clientId} is revoked.`
      )
      return "success" as const
    })
    return yield* Effect.provide(use, client.layer(chosen))
  })
