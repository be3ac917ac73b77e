/**
 * Grants as data: the parameters that state what a token is requested for (RFC 6749 section 1.3).
 */

const names = "urn:ietf:params:oauth:token-type:"

/** Registered token types by their short names (RFC 8693 section 3, the ID-JAG draft). */
const tokenTypes = {
  access_token: `${names}access_token`,
  refresh_token: `${names}refresh_token`,
  id_token: `${names}id_token`,
  jwt: `${names}jwt`,
  saml1: `${names}saml1`,
  saml2: `${names}saml2`,
  "id-jag": `${names}id-jag`
} as const

/** Type of a token: a registered type by its short name, or any other type as a URI. */
export type TokenType = keyof typeof tokenTypes | (string & {})

const isShort = (type: string): type is keyof typeof tokenTypes => Object.hasOwn(tokenTypes, type)

/** Returns the URI of a type. */
export const tokenTypeUri = (type: TokenType): string => isShort(type) ? tokenTypes[type] : type

/** Returns whether a value is a registered type or a URI. */
export const isTokenType = (type: unknown): type is TokenType =>
  typeof type === "string" && (isShort(type) || (/^[\x21-\x7e]+$/.test(type) && URL.canParse(type)))

export const grantTypes = {
  clientCredentials: "client_credentials",
  jwtBearer: "urn:ietf:params:oauth:grant-type:jwt-bearer",
  tokenExchange: "urn:ietf:params:oauth:grant-type:token-exchange"
} as const

/** Encodes the constant parameters of a grant as a form: equal grants result in equal strings. */
export const canonical = (type: string, parameters: Readonly<Record<string, string>> = {}): string => {
  const pairs = new URLSearchParams({ ...parameters })
  pairs.sort()
  return new URLSearchParams([["grant_type", type], ...pairs]).toString()
}

export const clientCredentials = canonical(grantTypes.clientCredentials)

/**
 * Returns the type that a token exchange requests, if it is not an access token. Such a token is presented to another server,
 * and its `token_type` is `N_A` (RFC 8693 section 2.2.1).
 */
export const requestedType = (grant: string): string | undefined => {
  const type = new URLSearchParams(grant).get("requested_token_type") ?? tokenTypes.access_token
  return type === tokenTypes.access_token ? undefined : type
}
