/**
 * Reads public keys (RFC 7517, RFC 7518 section 6, RFC 8037) from a JWK, PEM or DER, without private members.
 */
import { base64, base64url } from "./bytes.js"
import * as der from "./der.js"
import { isRecord } from "./json.js"
import { blocksOf, bytesOf } from "./pem.js"
import { algorithms, type KeyType } from "./signingAlgorithm.js"

/** Members of a JWK that make up the public key. */
export interface PublicKey {
  readonly kty: string
  readonly crv?: string
  readonly x?: string
  readonly y?: string
  readonly n?: string
  readonly e?: string
}

/** Size in bytes of each member on a curve (RFC 7518 section 6.2, RFC 8037 section 2). */
export const sizes: { readonly [T in KeyType]?: number } = { "P-256": 32, "P-384": 48, "P-521": 66, "Ed25519": 32 }

export const keyTypeOf = (kty: unknown, crv: unknown): KeyType | undefined =>
  kty === "RSA"
    ? "RSA"
    : kty === "EC" && (crv === "P-256" || crv === "P-384" || crv === "P-521")
    ? crv
    : kty === "OKP" && crv === "Ed25519"
    ? crv
    : undefined

/**
 * Returns whether `use` and `key_ops` permit signatures (RFC 7517 sections 4.2 and 4.3). The platform exports the public
 * key of a pair that was generated with the usage `sign` alone with an empty list.
 */
export const isForSigning = (
  { key_ops, use }: Readonly<Record<string, unknown>>,
  operation: "sign" | "verify" = "sign"
): boolean =>
  (use === undefined || use === "sig") &&
  (!Array.isArray(key_ops) || key_ops.length === 0 || key_ops.includes(operation))

/** Members of each key type, in the order of the JWK thumbprint (RFC 7638 section 3.2). */
const members = {
  RSA: ["e", "kty", "n"],
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"]
} as const

const membersOf = (kty: string) => kty === "RSA" || kty === "EC" || kty === "OKP" ? members[kty] : []

/** Returns the public members of a JWK, without others; undefined if they are incomplete. */
export const publicMembers = (jwk: Readonly<Record<string, unknown>>): PublicKey | undefined => {
  const type = keyTypeOf(jwk["kty"], jwk["crv"])
  if (type === undefined) return undefined
  const isComplete = (name: string) => {
    const value = jwk[name]
    const length = typeof value === "string" ? base64.decode(value)?.length ?? 0 : 0
    return name === "kty" || name === "crv" || (sizes[type] === undefined ? length > 0 : length === sizes[type])
  }
  const names = membersOf(String(jwk["kty"]))
  return names.every(isComplete)
    ? Object.fromEntries(names.map((name) => [name, jwk[name]])) as unknown as PublicKey
    : undefined
}

const fromDer = (bytes: Uint8Array): PublicKey | undefined => {
  const key = der.readPublicKey(bytes)
  if (key === undefined) return undefined
  const [first = "", second = ""] = key.numbers.map(base64url.encode)
  switch (key.type) {
    case "RSA":
    case "RSA-PSS":
      return { kty: "RSA", n: first, e: second }
    case "Ed25519":
      return { kty: "OKP", crv: key.type, x: first }
    default:
      return { kty: "EC", crv: key.type, x: first, y: second }
  }
}

const fromPem = (text: string): PublicKey | undefined => {
  const [block, ...rest] = blocksOf(text) ?? []
  const bytes = block?.label === "PUBLIC KEY" && rest.length === 0 ? bytesOf(block) : undefined
  return bytes === undefined ? undefined : fromDer(bytes)
}

/** Reads a public key; undefined for other values, and for a key with a private part. */
export const read = (value: unknown): PublicKey | undefined => {
  if (typeof value === "string") return fromPem(value)
  if (value instanceof Uint8Array) return fromDer(value)
  return isRecord(value) && value["d"] === undefined && isForSigning(value, "verify") ? publicMembers(value) : undefined
}

/** Returns the signing algorithms of a key. */
export const algorithmsOf = ({ crv, kty }: PublicKey): ReadonlyArray<string> => {
  const type = keyTypeOf(kty, crv)
  return type === undefined ? [] : algorithms[type]
}

/** Returns the JWK thumbprint (RFC 7638) with SHA-256. */
export const thumbprint = async (key: PublicKey): Promise<string> => {
  const input = JSON.stringify(Object.fromEntries(membersOf(key.kty).map((name) => [name, (key as never)[name]])))
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(input))))
}
