import { PromiseClient } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"

// From OAUTH_*, API_BASE_URL, and the files in OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE.
export const api = PromiseClient.fromEnv({
  overrides: { clientAuthentication: "tls_client_auth" },
  httpClient: NodeTls.layerEnv()
})
