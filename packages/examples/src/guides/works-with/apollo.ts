import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client"

export const inventory = (fetch: typeof globalThis.fetch, uri = "https://api.example.com/v1/graphql") =>
  new ApolloClient({ link: new HttpLink({ uri, fetch }), cache: new InMemoryCache() })

// const { data } = await inventory(api.fetch).query({ query: gql`query Item($sku: ID!) { item(sku: $sku) { id } }`, variables })
