/**
 * Clients that sign: a client assertion for each token (`private_key_jwt`), or a proof for each call (DPoP).
 */
import type { Client, Surroundings } from "./contender.js"

export type Credential = "secret" | "private_key_jwt" | "dpop"

/** A key for ES256, in the forms that libraries take. */
export interface Key {
  readonly pair: { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }
  /** The private key as a JWK. */
  readonly jwk: string
}

export interface Signing extends Surroundings {
  readonly credential: Credential
  readonly key: Key
}

export interface Signed extends Client {
  /** Requests another token, which the next calls send. */
  readonly refresh: () => Promise<void>
}

export const generateKey = async (): Promise<Key> => {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"])
  const jwk = await crypto.subtle.exportKey("jwk", pair.privateKey)
  return { pair, jwk: JSON.stringify({ ...jwk, alg: "ES256" }) }
}
