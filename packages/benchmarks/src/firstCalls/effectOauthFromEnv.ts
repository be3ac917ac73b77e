import { PromiseClient } from "@effect-oauth/client-credentials"

const api = PromiseClient.fromEnv()

export const items = async () => (await api.fetch("/items")).json()
