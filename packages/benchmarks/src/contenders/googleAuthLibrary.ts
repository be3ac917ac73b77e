import { gaxios, OAuth2Client } from "google-auth-library"

import type { Client, Surroundings } from "../contender.js"

interface TokenResponse {
  readonly access_token: string
  readonly expires_in: number
}

export const make = async (
  { apiUrl, clientId, clientSecret, stacks, tokenUrl }: Surroundings
): Promise<Client> => {
  const transporter = new gaxios.Gaxios(stacks.gaxios)
  const client = new OAuth2Client({ transporter, forceRefreshOnFailure: true })
  client.refreshHandler = async () => {
    const { data } = await transporter.request<TokenResponse>({
      url: tokenUrl,
      method: "POST",
      data: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret
      })
    })
    return { access_token: data.access_token, expiry_date: Date.now() + data.expires_in * 1000 }
  }
  return {
    call: async () => (await client.request({ url: `${apiUrl}/items` })).status,
    close: async () => {}
  }
}
