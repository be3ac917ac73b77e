/**
 * The messages between the token broker and its clients: `POST /token` over a unix socket, with their shared key as a
 * bearer token.
 */
import { createHash } from "node:crypto"

import { AccessToken } from "@effect-oauth/client-credentials"
import { Redacted, Schema } from "effect"

/**
 * Request of a client: the reason, and the token to replace. The broker replaces its own token only if it is that one.
 */
export const Request = Schema.Struct({
  reason: Schema.Literal("cold", "renewal", "expired", "rejected", "forced"),
  /** SHA-256 of the token to replace. */
  replaces: Schema.optional(Schema.String),
  /** True if the API had accepted that token in place of a rejected one. */
  isConfirmed: Schema.Boolean
})

/** Token of the broker. Times are in milliseconds since the epoch. */
export const Response = Schema.Struct({
  value: Schema.Redacted(Schema.String),
  type: Schema.optional(Schema.Literal("Bearer", "DPoP")),
  scope: Schema.optional(Schema.Array(Schema.String)),
  requestedAt: Schema.Number,
  expiresAt: Schema.Number
})

export const hashOf = (secret: Redacted.Redacted<string>): string =>
  createHash("sha256").update(Redacted.value(secret)).digest("base64url")

export const toToken = (
  { expiresAt, requestedAt, scope, type, value }: typeof Response.Type
): AccessToken.AccessToken => new AccessToken.AccessToken({ value, type, scope, requestedAt, expiresAt })
