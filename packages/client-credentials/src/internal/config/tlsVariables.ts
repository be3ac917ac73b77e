/**
 * Variables of connections, and a flag that is set if this process reads them.
 */
export const tlsVariables = {
  ca: "OAUTH_TLS_CA_FILE",
  extraCa: "OAUTH_TLS_EXTRA_CA_FILE",
  certificate: "OAUTH_TLS_CERTIFICATE_FILE",
  key: "OAUTH_TLS_KEY_FILE",
  minVersion: "OAUTH_TLS_MIN_VERSION"
} as const

/** Variables that name proxies. Of two spellings, the one in lower case takes precedence. */
export const proxyVariables = ["https_proxy", "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()])

/** Set by `NodeTls`, the only module that reads the variables. */
export const reader = { isPresent: false }
