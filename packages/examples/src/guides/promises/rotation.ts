import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { PromiseClient } from "@effect-oauth/client-credentials"

/** Reads a mounted secret for each token request. */
const mounted = (name: string) => async () =>
  (await readFile(join(process.env["CREDENTIALS_DIRECTORY"] ?? "/run/secrets", name), "utf8")).trim()

export const api = PromiseClient.create({
  tokenUrl: "https://auth.example.com/oauth/token",
  revocationUrl: "https://auth.example.com/oauth/revoke",
  clientId: "inventory-sync",
  clientSecret: mounted("inventory-sync"),
  previousClientSecret: mounted("inventory-sync-previous"),
  apiBaseUrl: "https://api.example.com/v1",
  // `close` revokes the token, at servers that support revocation (RFC 7009).
  revokeAtShutdown: true
})
