/**
 * A service without Effect: promises and `fetch`. One shared client serves all calls with one token.
 */
import { PromiseClient } from "@effect-oauth/client-credentials"

interface Item {
  readonly sku: string
  readonly quantity: number
}

const api = PromiseClient.fromEnv()

const find = async (sku: string): Promise<Item | undefined> => {
  const response = await api.fetch(`/items/${encodeURIComponent(sku)}`)
  if (response.status === 404) return undefined
  if (!response.ok) throw new Error(`The inventory returned status ${response.status}`)
  return await response.json() as Item
}

try {
  const found = await Promise.all(["SKU-1", "SKU-2", "SKU-17"].map(find))
  console.log(found.map((item) => item === undefined ? "unknown" : `${item.sku}: ${item.quantity}`).join(", "))
} finally {
  await api.close()
}
