import * as client from "openid-client"

const issuer = new URL("https://auth.example.com")
const config = await client.discovery(issuer, "inventory-sync", process.env["CLIENT_SECRET"])
const granted = await client.clientCredentialsGrant(config, { audience: "https://api.example.com" })
const url = new URL("https://api.example.com/v1/items")

export const items = async () => {
  const response = await client.fetchProtectedResource(config, granted.access_token, url, "GET")
  return response.json()
}
