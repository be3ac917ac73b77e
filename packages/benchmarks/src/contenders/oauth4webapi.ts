import * as oauth from "oauth4webapi"

import type { Client, Surroundings } from "../contender.js"

export const make = async (
  { apiUrl, clientId, clientSecret, stacks, tokenUrl }: Surroundings
): Promise<Client> => {
  const as: oauth.AuthorizationServer = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl }
  const client: oauth.Client = { client_id: clientId }
  const authentication = oauth.ClientSecretPost(clientSecret)
  const options = {
    [oauth.customFetch]: (url: string, init: object) => stacks.fetch(url, init),
    [oauth.allowInsecureRequests]: true
  }
  const url = new URL(`${apiUrl}/items`)
  let token: { readonly value: string; readonly expiresAt: number } | undefined
  return {
    call: async () => {
      if (token === undefined || token.expiresAt <= Date.now()) {
        const answer = await oauth.clientCredentialsGrantRequest(as, client, authentication, {}, options)
        const result = await oauth.processClientCredentialsResponse(as, client, answer)
        token = { value: result.access_token, expiresAt: Date.now() + (result.expires_in ?? 0) * 1000 }
      }
      const response = await oauth.protectedResourceRequest(token.value, "GET", url, undefined, undefined, options)
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
