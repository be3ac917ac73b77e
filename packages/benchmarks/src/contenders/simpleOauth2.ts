import { type AccessToken, ClientCredentials } from "simple-oauth2"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks: { agent, fetch }, tokenUrl }: Surroundings
): Promise<Client> => {
  const { origin, pathname } = new URL(tokenUrl)
  const client = new ClientCredentials({
    client: { id: clientId, secret: clientSecret },
    auth: { tokenHost: origin, tokenPath: pathname },
    ...(agent === undefined ? {} : { http: { agent } })
  })
  let token: AccessToken | undefined
  return {
    call: async () => {
      if (token === undefined || token.expired()) token = await client.getToken({})
      const response = await fetch(`${apiUrl}/items`, {
        headers: { authorization: `Bearer ${String(token.token["access_token"])}` }
      })
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
