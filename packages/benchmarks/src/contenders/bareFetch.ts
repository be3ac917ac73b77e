import type { Client, Surroundings } from "../contender.js"

export const make = async ({ apiUrl, fixedToken, stacks: { fetch } }: Surroundings): Promise<Client> => ({
  call: async () => {
    const response = await fetch(`${apiUrl}/items`, { headers: { authorization: `Bearer ${fixedToken}` } })
    await response.json()
    return response.status
  },
  close: async () => {}
})
