import { PromiseClient } from "@effect-oauth/client-credentials"

interface Env {
  readonly OAUTH_TOKEN_URL: string
  readonly OAUTH_CLIENT_ID: string
  readonly OAUTH_CLIENT_SECRET: string
  readonly API_BASE_URL: string
}

let api: PromiseClient.PromiseClient | undefined

export default {
  fetch: (_: Request, env: Env): Promise<Response> => {
    // One client for all requests of the isolate, created by the first one, which has the bindings.
    api ??= PromiseClient.fromEnv({ env: { ...env } })
    return api.fetch("/items")
  }
}
