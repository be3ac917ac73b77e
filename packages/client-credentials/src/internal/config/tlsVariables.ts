/**
 * The variables of TLS connections, and whether anything in this process reads them.
 */
import { globalValue } from "effect/GlobalValue"

export const tlsVariables = {
  ca: "OAUTH_TLS_CA_FILE",
  certificate: "OAUTH_TLS_CERTIFICATE_FILE",
  key: "OAUTH_TLS_KEY_FILE",
  minVersion: "OAUTH_TLS_MIN_VERSION"
} as const

/** Set by `NodeTls`, which alone reads them. */
export const reader = globalValue("@effect-oauth/client-credentials/tlsVariables", () => ({ isPresent: false }))
