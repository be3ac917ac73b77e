import { gaxios } from "google-auth-library"

import type { Client, Surroundings } from "../contender.js"

export const make = async ({ apiUrl, fixedToken, stacks }: Surroundings): Promise<Client> => {
  const transporter = new gaxios.Gaxios(stacks.gaxios)
  const headers = { authorization: `Bearer ${fixedToken}` }
  return {
    call: async () => (await transporter.request({ url: `${apiUrl}/items`, headers })).status,
    close: async () => {}
  }
}
