import { TokenProvider } from "auth0/management"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks: { fetch }, tokenUrl }: Surroundings
): Promise<Client> => {
  const provider = new TokenProvider({
    domain: new URL(tokenUrl).host,
    clientId,
    clientSecret,
    audience: apiUrl,
    // The URL is built from the domain, with `https:`, which loopback does not support.
    fetch: (_url, init) => fetch(tokenUrl, init)
  })
  return {
    call: async () => {
      const response = await fetch(`${apiUrl}/items`, {
        headers: { authorization: `Bearer ${await provider.getAccessToken()}` }
      })
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
