import axios from "axios"
import { clientCredentials } from "axios-oauth-client"
import tokenProvider from "axios-token-interceptor"

import type { Client, Surroundings } from "../contender.js"

interface TokenResponse {
  readonly access_token: string
  readonly expires_in: number
}

export const make = async (
  { apiUrl, clientId, clientSecret, stacks, tokenUrl }: Surroundings
): Promise<Client> => {
  const api = axios.create({ ...stacks.axios, baseURL: apiUrl })
  const getToken = clientCredentials(axios.create(stacks.axios), tokenUrl, clientId, clientSecret)
  api.interceptors.request.use(tokenProvider<TokenResponse>({
    getToken: tokenProvider.tokenCache<TokenResponse>(() => getToken(""), {
      getMaxAge: ({ expires_in }) => expires_in * 1000
    }),
    headerFormatter: ({ access_token }) => `Bearer ${access_token}`
  }))
  return {
    call: async () => (await api.get<unknown>("/items")).status,
    close: async () => {}
  }
}
