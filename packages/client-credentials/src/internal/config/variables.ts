/**
 * Names of the environment variables, by the settings that they are read into. The command line uses the same tables.
 */

/** Variables of a client. */
export const client = {
  tokenUrl: "OAUTH_TOKEN_URL",
  issuer: "OAUTH_ISSUER",
  revocationUrl: "OAUTH_REVOCATION_URL",
  clientId: "OAUTH_CLIENT_ID",
  clientSecret: "OAUTH_CLIENT_SECRET",
  clientSecretFile: "OAUTH_CLIENT_SECRET_FILE",
  previousClientSecret: "OAUTH_CLIENT_SECRET_PREVIOUS",
  previousClientSecretFile: "OAUTH_CLIENT_SECRET_PREVIOUS_FILE",
  audience: "OAUTH_AUDIENCE",
  scope: "OAUTH_SCOPE",
  resource: "OAUTH_RESOURCE",
  parameters: "OAUTH_PARAMETERS",
  authorizationDetails: "OAUTH_AUTHORIZATION_DETAILS",
  clientAuthentication: "OAUTH_CLIENT_AUTHENTICATION",
  basicEncoding: "OAUTH_BASIC_ENCODING",
  privateKey: "OAUTH_PRIVATE_KEY",
  privateKeyFile: "OAUTH_PRIVATE_KEY_FILE",
  previousPrivateKey: "OAUTH_PRIVATE_KEY_PREVIOUS",
  previousPrivateKeyFile: "OAUTH_PRIVATE_KEY_PREVIOUS_FILE",
  privateKeyId: "OAUTH_PRIVATE_KEY_ID",
  signingAlgorithm: "OAUTH_SIGNING_ALGORITHM",
  assertionAudience: "OAUTH_ASSERTION_AUDIENCE",
  assertionType: "OAUTH_ASSERTION_TYPE",
  clientAssertion: "OAUTH_CLIENT_ASSERTION",
  clientAssertionFile: "OAUTH_CLIENT_ASSERTION_FILE",
  grant: "OAUTH_GRANT",
  subjectToken: "OAUTH_SUBJECT_TOKEN",
  subjectTokenFile: "OAUTH_SUBJECT_TOKEN_FILE",
  subjectTokenType: "OAUTH_SUBJECT_TOKEN_TYPE",
  certificateBoundTokens: "OAUTH_CERTIFICATE_BOUND_TOKENS",
  dpop: "OAUTH_DPOP",
  dpopKey: "OAUTH_DPOP_KEY",
  dpopKeyFile: "OAUTH_DPOP_KEY_FILE",
  requestFormat: "OAUTH_REQUEST_FORMAT",
  tokenType: "OAUTH_TOKEN_TYPE",
  allowHttpLoopback: "OAUTH_ALLOW_HTTP_LOOPBACK",
  apiBaseUrl: "API_BASE_URL",
  apiOrigins: "API_ORIGINS",
  allowOutsideBasePath: "API_ALLOW_OUTSIDE_BASE_PATH",
  rejectedStatuses: "API_REJECTED_STATUSES"
} as const

/** Variables of a legacy token, without those of its API, which are the same as for a client. */
export const legacyToken = {
  tokenId: "LEGACY_TOKEN_ID",
  tokenSecret: "LEGACY_TOKEN_SECRET",
  tokenSecretFile: "LEGACY_TOKEN_SECRET_FILE",
  previousTokenSecret: "LEGACY_TOKEN_SECRET_PREVIOUS",
  previousTokenSecretFile: "LEGACY_TOKEN_SECRET_PREVIOUS_FILE"
} as const

/** Variables of the keys that stored tokens are sealed with. */
export const tokenSeal = {
  key: "TOKEN_STORE_KEY",
  keyFile: "TOKEN_STORE_KEY_FILE",
  previousKey: "TOKEN_STORE_KEY_PREVIOUS",
  previousKeyFile: "TOKEN_STORE_KEY_PREVIOUS_FILE"
} as const

/** Variables of connections. */
export const tls = {
  ca: "OAUTH_TLS_CA_FILE",
  extraCa: "OAUTH_TLS_EXTRA_CA_FILE",
  certificate: "OAUTH_TLS_CERTIFICATE_FILE",
  key: "OAUTH_TLS_KEY_FILE",
  minVersion: "OAUTH_TLS_MIN_VERSION"
} as const

/** Proxies of requests over TLS: the first of these variables that is set takes precedence. */
export const proxies = ["https_proxy", "all_proxy", "http_proxy"] as const

/** The spellings of such a variable. The one in lower case takes precedence. */
export const spellings = (proxy: string): readonly [lower: string, upper: string] => [proxy, proxy.toUpperCase()]
