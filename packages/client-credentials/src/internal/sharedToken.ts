/**
 * A token as it is kept in a store: sealed, at a place of its own.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import { AccessToken } from "../AccessToken.js"
import type { TokenRequest } from "../TokenRequest.js"
import type { Service as Seal } from "../TokenSeal.js"
import type { Entry } from "../TokenStore.js"

const Sealed = Schema.parseJson(Schema.Struct({
  value: Schema.String,
  type: Schema.Literal("Bearer", "DPoP"),
  scope: Schema.NullOr(Schema.Array(Schema.String)),
  requestedAt: Schema.Number,
  expiresAt: Schema.Number,
  /** The name of the credential that it was got with. */
  credential: Schema.String
}))

/** Stands where a token was that is to be forgotten. */
export const spent = new AccessToken({ value: Redacted.make(""), scope: undefined, requestedAt: 0, expiresAt: 0 })

export const make = (seal: Seal) => ({
  /** Everything that shapes the request. The secret is not in it: the credential has a name of its own. */
  placeOf: (request: TokenRequest): Effect.Effect<string> => seal.name(JSON.stringify({ ...request })),

  pack: (place: string, token: AccessToken, credential: string): Effect.Effect<string> =>
    seal.seal(
      place,
      JSON.stringify({
        value: Redacted.value(token.value),
        type: token.type ?? "Bearer",
        scope: token.scope ?? null,
        requestedAt: token.requestedAt,
        expiresAt: token.expiresAt,
        credential
      })
    ),

  /** Nothing when it cannot be opened. */
  unpack: (
    place: string,
    { value }: Entry
  ): Effect.Effect<Option.Option<{ readonly token: AccessToken; readonly credential: string }>> =>
    Effect.map(
      seal.open(place, value),
      (text) =>
        Option.map(Option.flatMap(text, Schema.decodeOption(Sealed)), ({ credential, scope, ...rest }) => ({
          token: new AccessToken({ ...rest, value: Redacted.make(rest.value), scope: scope ?? undefined }),
          credential
        }))
    )
})
