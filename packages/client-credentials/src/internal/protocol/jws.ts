/**
 * Signatures in the compact form (RFC 7515 section 7.1): signing input, validation of signatures, and signing with keys of the
 * platform.
 */
import type { CryptoKey } from "jose"

import { base64, base64url } from "./bytes.js"

/** Error of a signer of this library that returned an invalid signature. `problem` may be shown. */
export class InvalidSignature {
  constructor(readonly problem: string) {}
}

const encode = (value: object): string => base64url.encode(new TextEncoder().encode(JSON.stringify(value)))

/** Returns the signing input of a header and claims (RFC 7515 section 5.1). */
export const signingInput = (header: object, claims: object): string => `${encode(header)}.${encode(claims)}`

export const compact = (input: string, signature: Uint8Array): string => `${input}.${base64url.encode(signature)}`

/** Returns the hash of an algorithm by its Web Cryptography name; undefined for EdDSA, which includes the hash. */
export const hashOf = (algorithm: string): string | undefined =>
  /^[HREP]S(256|384|512)$/.test(algorithm) ? `SHA-${algorithm.slice(2)}` : undefined

/** Returns the size in bytes of R and of S (RFC 7518 section 3.4); undefined for algorithms other than ECDSA. */
export const sizeOf = (algorithm: string): number | undefined =>
  algorithm === "ES256" ? 32 : algorithm === "ES384" ? 48 : algorithm === "ES512" ? 66 : undefined

/** Minimum size in bytes of an RSA signature, that of a key of 2048 bits (RFC 7518 section 3.3). */
const minRsaBytes = 256

/**
 * Returns the problem of a signature with a wrong length; undefined for a correct one. `modulus` is that of the public key,
 * as in a JWK (RFC 7518 section 6.3.1.1), if it is known.
 */
export const signatureProblem = (
  algorithm: string,
  signature: unknown,
  modulus: string | undefined
): string | undefined => {
  if (!(signature instanceof Uint8Array)) return "its signer returned no Uint8Array"
  const { length } = signature
  const size = sizeOf(algorithm)
  if (size !== undefined) {
    const wrong = `its signer returned ${length} bytes, and a signature by ${algorithm} has ${2 * size}`
    return length === 2 * size ? undefined : signature[0] === 0x30 ? `${wrong}: it is DER, for Signer.fromDer` : wrong
  }
  if (hashOf(algorithm) === undefined) {
    return length === 64 ? undefined : `its signer returned ${length} bytes, and a signature by ${algorithm} has 64`
  }
  const wanted = modulus === undefined ? undefined : base64.decode(modulus)?.length
  if (wanted !== undefined && length !== wanted) {
    return `its signer returned ${length} bytes, and its public key is of ${wanted} (RFC 8017 section 8)`
  }
  return length < minRsaBytes
    ? `its signer returned ${length} bytes, and a signature by ${algorithm} has ${minRsaBytes} or more`
    : undefined
}

/** Returns the JWS algorithm of a platform key; undefined if it has none. */
export const algorithmOf = ({ algorithm }: CryptoKey): string | undefined => {
  const { hash, name, namedCurve } = algorithm as {
    readonly name: string
    readonly hash?: { readonly name: string }
    readonly namedCurve?: string
  }
  const bits = hash?.name.replace("SHA-", "") ?? ""
  switch (name) {
    case "RSASSA-PKCS1-v1_5":
      return ["256", "384", "512"].includes(bits) ? `RS${bits}` : undefined
    case "RSA-PSS":
      return ["256", "384", "512"].includes(bits) ? `PS${bits}` : undefined
    case "ECDSA":
      return { "P-256": "ES256", "P-384": "ES384", "P-521": "ES512" }[namedCurve ?? ""]
    case "Ed25519":
      return "EdDSA"
    default:
      return undefined
  }
}

const schemeOf = (algorithm: string) => {
  const hash = hashOf(algorithm) ?? ""
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return { name: "HMAC", hash }
    case "RS":
      return { name: "RSASSA-PKCS1-v1_5" }
    case "PS":
      return { name: "RSA-PSS", saltLength: Number(algorithm.slice(2)) / 8 }
    case "ES":
      return { name: "ECDSA", hash }
    default:
      return { name: "Ed25519" }
  }
}

/** Signs with a platform key, which must match the algorithm. Rejects if the platform cannot sign. */
export const sign = async (key: CryptoKey, algorithm: string, data: Uint8Array): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.sign(schemeOf(algorithm), key, Uint8Array.from(data)))

/** Imports a secret as a key for HMAC (RFC 7518 section 3.2). */
export const importSecret = (secret: string, algorithm: string): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", new TextEncoder().encode(secret), schemeOf(algorithm), false, ["sign"])

/** Returns the digest that an algorithm signs; undefined for EdDSA, which signs the message itself. */
export const digest = async (algorithm: string, data: Uint8Array): Promise<Uint8Array | undefined> => {
  const hash = hashOf(algorithm)
  return hash === undefined ? undefined : new Uint8Array(await crypto.subtle.digest(hash, Uint8Array.from(data)))
}
