/** Schemas of token responses, as users write them. */
import { Schema } from "effect"

/** The token as a part of the response, and with names of its own. */
export const nested = Schema.pluck(
  Schema.Struct({
    data: Schema.Struct({
      access_token: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("token")),
      expires_in: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("ttl")),
      token_type: Schema.Literal("Bearer"),
      host: Schema.String
    })
  }),
  "data"
)

/** Throws whatever it is given. */
export const throwing = Schema.transform(Schema.Unknown, Schema.Unknown, {
  decode: () => {
    throw new Error("a mistake")
  },
  encode: (value) => value
})
