import { PromiseClient } from "@effect-oauth/client-credentials"

// Outside the handler: the instance keeps the token between invocations and through freezes.
const api = PromiseClient.fromEnv()

export const handler = async (event: { readonly sku: string }) => {
  const response = await api.fetch(`/items/${encodeURIComponent(event.sku)}`)
  return { statusCode: response.status, body: await response.text() }
}
