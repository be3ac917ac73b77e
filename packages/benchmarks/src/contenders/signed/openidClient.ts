import * as openid from "openid-client"

import type { Signed, Signing } from "../../signed.js"

export const make = async (
  { apiUrl, clientId, clientSecret, credential, key, stacks, tokenUrl }: Signing
): Promise<Signed> => {
  const config = new openid.Configuration(
    { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    clientId,
    credential === "private_key_jwt" ? undefined : clientSecret,
    credential === "private_key_jwt" ? openid.PrivateKeyJwt(key.pair.privateKey) : undefined
  )
  config[openid.customFetch] = (url, init: object) => stacks.fetch(url, init)
  const options = credential === "dpop" ? { DPoP: openid.getDPoPHandle(config, key.pair) } : {}
  const url = new URL(`${apiUrl}/items`)
  let token: string | undefined
  const refresh = async () => {
    token = (await openid.clientCredentialsGrant(config, undefined, options)).access_token
    return token
  }
  return {
    call: async () => {
      const response = await openid.fetchProtectedResource(
        config,
        token ?? await refresh(),
        url,
        "GET",
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
