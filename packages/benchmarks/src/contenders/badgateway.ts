import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks: { fetch }, tokenUrl }: Surroundings
): Promise<Client> => {
  const client = new OAuth2Client({ clientId, clientSecret, tokenEndpoint: tokenUrl, fetch })
  const wrapper = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials() })
  // `wrapper.fetch` is this with the global `fetch`.
  const withToken = wrapper.mw()
  return {
    call: async () => {
      const response = await withToken(new Request(`${apiUrl}/items`), (request) => fetch(request))
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
