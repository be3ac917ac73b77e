import * as oauth from "oauth4webapi"

import type { Signed, Signing } from "../../signed.js"

export const make = async (
  { apiUrl, clientId, clientSecret, credential, key, stacks, tokenUrl }: Signing
): Promise<Signed> => {
  const as: oauth.AuthorizationServer = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl }
  const client: oauth.Client = { client_id: clientId }
  const authentication = credential === "private_key_jwt"
    ? oauth.PrivateKeyJwt(key.pair.privateKey)
    : oauth.ClientSecretPost(clientSecret)
  const options = {
    [oauth.customFetch]: (url: string, init: object) => stacks.fetch(url, init),
    ...(credential === "dpop" ? { DPoP: oauth.DPoP(client, key.pair) } : {})
  }
  const url = new URL(`${apiUrl}/items`)
  let token: string | undefined
  const refresh = async () => {
    const answer = await oauth.clientCredentialsGrantRequest(as, client, authentication, {}, options)
    token = (await oauth.processClientCredentialsResponse(as, client, answer)).access_token
    return token
  }
  return {
    call: async () => {
      const response = await oauth.protectedResourceRequest(
        token ?? await refresh(),
        "GET",
        url,
        undefined,
        undefined,
        options
      )
      await response.json()
      return response.status
    },
    refresh: async () => {
      await refresh()
    },
    close: async () => {}
  }
}
