import { PromiseClient } from "@effect-oauth/client-credentials"
import Fastify from "fastify"

const api = PromiseClient.fromEnv()

export const app = Fastify()

app.get("/items", async (_, reply) => {
  const items = await api.fetch("/items")
  return reply.code(items.status).type("application/json").send(await items.text())
})

app.addHook("onClose", () => api.close())
