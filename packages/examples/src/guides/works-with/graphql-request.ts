import { GraphQLClient } from "graphql-request"

export const inventory = (fetch: typeof globalThis.fetch, url = "https://api.example.com/v1/graphql") =>
  new GraphQLClient(url, { fetch })

// const { item } = await inventory(api.fetch).request("query Item($sku: ID!) { item(sku: $sku) { id } }", { sku: "SKU-1" })
