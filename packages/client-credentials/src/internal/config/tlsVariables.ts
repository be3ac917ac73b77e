/**
 * The variables of connections, and whether anything in this process reads them.
 */
export const tlsVariables = {
  ca: "OAUTH_TLS_CA_FILE",
  extraCa: "OAUTH_TLS_EXTRA_CA_FILE",
  certificate: "OAUTH_TLS_CERTIFICATE_FILE",
  key: "OAUTH_TLS_KEY_FILE",
  minVersion: "OAUTH_TLS_MIN_VERSION"
} as const

/** The variables that name proxies. Of two spellings the one in lower case counts. */
export const proxyVariables = ["https_proxy", "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()])

/** Set by `NodeTls`, which alone reads them. */
export const reader = { isPresent: false }
