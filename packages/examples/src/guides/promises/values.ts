import { readFile } from "node:fs/promises"

import { PromiseClient } from "@effect-oauth/client-credentials"

export const api = PromiseClient.create({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  // A string, or a function, which picks up a replaced secret without a restart.
  clientSecret: () => readFile("/run/secrets/inventory-sync", "utf8"),
  audience: "https://api.example.com",
  apiBaseUrl: "https://api.example.com/v1"
})

/** A client with another scope, over the same configuration. Its token is cached separately. */
export const writing = api.with({ scope: "items:write" })

export const add = (sku: string) => writing.fetch("/items", { method: "POST", body: JSON.stringify({ sku }) })
