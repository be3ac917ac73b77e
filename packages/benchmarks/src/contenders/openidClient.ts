import * as openid from "openid-client"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks, tokenUrl }: Surroundings
): Promise<Client> => {
  const config = new openid.Configuration(
    { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    clientId,
    clientSecret
  )
  openid.allowInsecureRequests(config)
  config[openid.customFetch] = (url, init: object) => stacks.fetch(url, init)
  const url = new URL(`${apiUrl}/items`)
  let tokens: Awaited<ReturnType<typeof openid.clientCredentialsGrant>> | undefined
  return {
    call: async () => {
      if (tokens === undefined || (tokens.expiresIn() ?? 0) <= 0) {
        tokens = await openid.clientCredentialsGrant(config)
      }
      const response = await openid.fetchProtectedResource(config, tokens.access_token, url, "GET")
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
