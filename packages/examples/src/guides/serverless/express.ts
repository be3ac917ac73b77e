import { PromiseClient } from "@effect-oauth/client-credentials"
import express from "express"

const api = PromiseClient.fromEnv()

export const app = express()

app.get("/items", async (request, response) => {
  // The caller's disconnection ends the call to the API. A token request under way serves the others, and goes on.
  const ended = new AbortController()
  response.once("close", () => ended.abort())
  const items = await api.fetch("/items", { signal: ended.signal })
  response.status(items.status).type("json").send(await items.text())
})
