import { PromiseClient } from "@effect-oauth/client-credentials"

const api = PromiseClient.create({
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: () => process.env["CLIENT_SECRET"] ?? "",
  audience: "https://api.example.com",
  apiBaseUrl: "https://api.example.com/v1"
})

export const items = async () => (await api.fetch("/items")).json()
