import { PromiseClient } from "@effect-oauth/client-credentials"

// OAUTH_TOKEN_URL or OAUTH_ISSUER, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET and API_BASE_URL of the environment.
export const api = PromiseClient.fromEnv()
