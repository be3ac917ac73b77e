import * as PromiseClient from "@effect-oauth/client-credentials/PromiseClient"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks: { fetch }, tokenUrl }: Surroundings
): Promise<Client> => {
  const api = PromiseClient.create(
    { tokenUrl, clientId, clientSecret: () => clientSecret, apiBaseUrl: apiUrl, allowHttpLoopback: true },
    { fetch }
  )
  return {
    call: async () => {
      const response = await api.fetch("/items")
      await response.json()
      return response.status
    },
    close: () => api.close()
  }
}
