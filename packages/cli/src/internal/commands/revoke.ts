/**
 * `effect-oauth revoke`: revokes the cached token (RFC 7009), and deletes it.
 */
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as SharedTokens from "@effect-oauth/client-credentials/SharedTokens"
import * as TokenRevocation from "@effect-oauth/client-credentials/TokenRevocation"
import * as Effect from "effect/Effect"

import * as client from "../client.js"
import * as deadline from "../deadline.js"
import { Failure } from "../Failure.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"

export interface Options extends Common, deadline.Options {
  /** Deletes the cached token without revocation. */
  readonly forget: boolean
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    const use = Effect.gen(function*() {
      const { note } = yield* Screen
      const { clientId } = (yield* ClientConfig.ClientConfig).request
      const token = yield* SharedTokens.stored
      if (token === undefined) {
        yield* note(`There is no token of ${clientId}: nothing to revoke.`)
        return "success" as const
      }
      if (!options.forget) {
        yield* Effect.flatMap(TokenRevocation.TokenRevocation, ({ revoke }) => revoke(token)).pipe(
          // RFC 7009 section 2.2.1: the server cannot revoke this type of token, for example a JWT without state.
          Effect.catchIf(
            (error) => error._tag === "TokenErrorResponse" && error.error === "unsupported_token_type",
            () =>
              new Failure({
                outcome: "unauthorized",
                message: "The server revokes no tokens of this kind: they are good until they expire.",
                remedy: "effect-oauth revoke --forget forgets it here."
              })
          )
        )
      }
      yield* SharedTokens.forget(token)
      yield* note(
        options.forget
          ? `The token of ${clientId} is forgotten here; the server accepts it until it expires.`
          : `The token of ${clientId} is revoked.`
      )
      return "success" as const
    })
    return yield* Effect.provide(use, client.layer(chosen)).pipe(deadline.within(options, "authorizationServer"))
  })
