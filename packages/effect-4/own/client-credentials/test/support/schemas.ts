/** Schemas of token responses, as users write them. */
import { Schema, SchemaTransformation } from "effect"

const Token = Schema.Struct({
  access_token: Schema.String,
  expires_in: Schema.Number,
  token_type: Schema.Literal("Bearer"),
  host: Schema.String
}).pipe(Schema.encodeKeys({ access_token: "token", expires_in: "ttl" }))

/** Decodes a response with the token in a nested object with custom names. */
export const nested = Schema.Struct({ data: Token }).pipe(
  Schema.decodeTo(
    Schema.toType(Token),
    SchemaTransformation.transform({ decode: ({ data }) => data, encode: (data) => ({ data }) })
  )
)

/** Throws whatever it is given. */
export const throwing = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.Unknown,
    SchemaTransformation.transform({
      decode: (): unknown => {
        throw new Error("a mistake")
      },
      encode: (value: unknown) => value
    })
  )
)
