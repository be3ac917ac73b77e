import { ConfidentialClientApplication, type INetworkModule, type NetworkRequestOptions } from "@azure/msal-node"

import type { Client, Surroundings } from "../contender.js"

/** Replaces MSAL's network module by one with the shared transport, which also allows `http:` on loopback. */
const networkModule = (fetch: typeof globalThis.fetch, tokenUrl: string): INetworkModule => {
  const send = (method: string) => async <T>(_url: string, options?: NetworkRequestOptions) => {
    const response = await fetch(tokenUrl, {
      method,
      headers: options?.headers ?? {},
      ...(options?.body === undefined ? {} : { body: options.body })
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.json() as T
    }
  }
  return { sendGetRequestAsync: send("GET"), sendPostRequestAsync: send("POST") }
}

export const make = async (
  { apiUrl, clientId, clientSecret, stacks: { fetch }, tokenUrl }: Surroundings
): Promise<Client> => {
  const authority = "https://login.test/tenant"
  const application = new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret,
      authority,
      knownAuthorities: ["login.test"],
      authorityMetadata: JSON.stringify({
        issuer: authority,
        token_endpoint: `${authority}/oauth/token`,
        authorization_endpoint: `${authority}/authorize`,
        jwks_uri: `${authority}/keys`
      })
    },
    system: { networkClient: networkModule(fetch, tokenUrl) }
  })
  return {
    call: async () => {
      const result = await application.acquireTokenByClientCredential({ scopes: ["api://items/.default"] })
      const response = await fetch(`${apiUrl}/items`, {
        headers: { authorization: `Bearer ${result?.accessToken ?? ""}` }
      })
      await response.json()
      return response.status
    },
    close: async () => {}
  }
}
