import { PromiseClient } from "@effect-oauth/client-credentials"
import express from "express"

const api = PromiseClient.fromEnv()

export const app = express()

app.get("/items", async (request, response) => {
  // When the caller disconnects, the call to the API ends. A token request in progress serves other calls, and
  // continues.
  const ended = new AbortController()
  response.once("close", () => ended.abort())
  const items = await api.fetch("/items", { signal: ended.signal }).catch((error: unknown) => {
    // The caller has disconnected: no response is necessary.
    if (!ended.signal.aborted) throw error
  })
  if (items !== undefined) response.status(items.status).type("json").send(await items.text())
})
