import { PromiseClient } from "@effect-oauth/client-credentials"
import { Hono } from "hono"

const api = PromiseClient.fromEnv()

export const app = new Hono().get("/items", () => api.fetch("/items"))
