import { createFetch } from "ofetch"

export const inventory = (fetch: typeof globalThis.fetch, baseURL = "https://api.example.com/v1") =>
  createFetch({ fetch, defaults: { baseURL } })

// const item = await inventory(api.fetch)("/items", { method: "POST", body: { sku: "SKU-1" } })
