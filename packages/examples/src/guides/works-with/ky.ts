import ky from "ky"

export const inventory = (fetch: typeof globalThis.fetch, baseUrl = "https://api.example.com/v1") =>
  ky.create({ baseUrl, fetch })

// const item = await inventory(api.fetch).post("items", { json: { sku: "SKU-1" } }).json()
