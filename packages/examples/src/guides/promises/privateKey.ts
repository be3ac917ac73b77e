import { readFile } from "node:fs/promises"
import { join } from "node:path"

import { ClientAuthentication, PromiseClient } from "@effect-oauth/client-credentials"

/** Reads a file for each token request, so that a replaced key is used without a restart. */
const file = (name: string) =>
  PromiseClient.secret(() => readFile(join(process.env["CREDENTIALS_DIRECTORY"] ?? "/run/secrets", name), "utf8"))

export const api = PromiseClient.create({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientAuthentication: ClientAuthentication.privateKeyJwt({
    key: file("key.pem"),
    keyId: "2026-12",
    // Tried when the server rejects the current key. Remove it when the rotation is complete.
    previous: file("previous-key.pem")
  }),
  apiBaseUrl: "https://api.example.com/v1"
})
