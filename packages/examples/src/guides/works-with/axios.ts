import axios from "axios"

export const inventory = (fetch: typeof globalThis.fetch, baseURL = "https://api.example.com/v1") =>
  axios.create({ baseURL, adapter: "fetch", env: { fetch } })

// const { data } = await inventory(api.fetch).post("/items", { sku: "SKU-1" })
