/** Schemas of token responses, as users write them. */
import { Schema } from "effect"

/** The token as a nested member of the response, under other names. */
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

/** Throws the value that it receives. */
export const throwing = Schema.transform(Schema.Unknown, Schema.Unknown, {
  decode: () => {
    throw new Error("a mistake")
  },
  encode: (value) => value
})
