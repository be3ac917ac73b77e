import axios from "axios"

import type { Client, Surroundings } from "../contender.js"

export const make = async ({ apiUrl, fixedToken, stacks }: Surroundings): Promise<Client> => {
  const api = axios.create({ ...stacks.axios, baseURL: apiUrl })
  const headers = { authorization: `Bearer ${fixedToken}` }
  return {
    call: async () => (await api.get<unknown>("/items", { headers })).status,
    close: async () => {}
  }
}
