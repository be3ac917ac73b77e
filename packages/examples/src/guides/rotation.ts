import { readFile } from "node:fs/promises"

import { ClientCredentials } from "@effect-oauth/client-credentials"
import { Effect, Redacted } from "effect"

/** Reads a mounted secret for each token request. */
const mounted = (name: string) =>
  Effect.map(
    Effect.tryPromise(() => readFile(`/run/secrets/${name}`, "utf8")),
    (content) => Redacted.make(content.trim())
  )

export const Api = ClientCredentials.layer({
  tokenUrl: "https://auth.example.com/oauth/token",
  revocationUrl: "https://auth.example.com/oauth/revoke",
  clientId: "inventory-sync",
  clientSecret: mounted("inventory-sync"),
  previousClientSecret: mounted("inventory-sync-previous"),
  apiBaseUrl: "https://api.example.com/v1",
  // Tokens end with the process, at servers that support revocation (RFC 7009).
  revokeAtShutdown: true
})
