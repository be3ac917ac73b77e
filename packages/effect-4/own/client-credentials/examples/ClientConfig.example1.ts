import type { ClientConfig } from "@effect-oauth/client-credentials"
import { Schema, SchemaGetter } from "effect"

const Token = Schema.Struct({
  access_token: Schema.String,
  expires_in: Schema.Number,
  token_type: Schema.String
}).pipe(Schema.encodeKeys({ access_token: "token", expires_in: "ttl" }))

const Response = Schema.Struct({ data: Token }).pipe(
  Schema.decodeTo(Schema.toType(Token), {
    decode: SchemaGetter.transform(({ data }) => data),
    encode: SchemaGetter.transform((data) => ({ data }))
  })
)

export const options: Pick<ClientConfig.Options, "tokenResponse"> = {
  tokenResponse: Schema.decodeUnknownOption(Response)
}
