/**
 * Algorithms of client assertions (RFC 7518 section 3, RFC 8037 section 3.1, RFC 9864).
 */

export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"

export type HmacAlgorithm = "HS256" | "HS384" | "HS512"

/** Types of keys. `RSA-PSS` is an RSA key that is marked for that scheme (RFC 4055 section 1.2). */
export type KeyType = "RSA" | "RSA-PSS" | "P-256" | "P-384" | "P-521" | "Ed25519"

/**
 * Signing algorithms by type of key, the most common first: RS256, which all servers support, then PS256, which FAPI 2.0
 * section 5.4 requires.
 */
export const algorithms: Readonly<Record<KeyType, ReadonlyArray<Algorithm>>> = {
  "RSA": ["RS256", "PS256", "PS384", "PS512", "RS384", "RS512"],
  "RSA-PSS": ["PS256", "PS384", "PS512"],
  "P-256": ["ES256"],
  "P-384": ["ES384"],
  "P-521": ["ES512"],
  "Ed25519": ["EdDSA", "Ed25519"]
}

export const isAlgorithm = (name: unknown): name is Algorithm =>
  Object.values(algorithms).some((names) => names.some((one) => one === name))

/** Minimum size of a shared secret in bytes: that of the hash (RFC 7518 section 3.2). */
export const minSecretBytes: Readonly<Record<HmacAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 }

export const isHmacAlgorithm = (name: unknown): name is HmacAlgorithm =>
  typeof name === "string" && Object.hasOwn(minSecretBytes, name)

/**
 * Returns the algorithm to sign with: the configured one, or the first possible one that the server supports. Undefined if
 * the server does not support it, or any of them. `supported` is undefined if the server's algorithms are unknown.
 */
export const choose = <A extends string>(
  possible: ReadonlyArray<A>,
  wanted: A | undefined,
  supported: ReadonlyArray<string> | undefined
): A | undefined =>
  (wanted === undefined ? possible : [wanted]).find((one) => supported === undefined || supported.includes(one))
