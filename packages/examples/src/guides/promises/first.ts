import { PromiseClient } from "@effect-oauth/client-credentials"

// One client for the whole program, since it caches the token.
const api = PromiseClient.fromEnv()

export const items = async () => (await api.fetch("/items")).json()
