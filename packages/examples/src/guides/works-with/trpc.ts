import { httpBatchLink } from "@trpc/client"

export const link = (fetch: typeof globalThis.fetch, url = "https://api.example.com/v1/trpc") =>
  httpBatchLink({ url, fetch: (input, init) => fetch(input, init as RequestInit) })

// const client = createTRPCClient<InventoryRouter>({ links: [link(api.fetch)] })
