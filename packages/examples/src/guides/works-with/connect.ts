import { createConnectTransport } from "@connectrpc/connect-web"

export const transport = (fetch: typeof globalThis.fetch, baseUrl = "https://api.example.com/v1") =>
  createConnectTransport({ baseUrl, fetch })

// const item = await createClient(Inventory, transport(api.fetch)).createItem({ sku: "SKU-1" })
