/**
 * Reads private keys without importing them: PEM in PKCS #8, PKCS #1 or SEC 1 (RFC 5958, RFC 8017 appendix A.1.2, RFC 5915),
 * with any content around the blocks, and JWK (RFC 7517). All are converted to PKCS #8 or JWK, which every platform imports.
 */
import { base64 } from "./bytes.js"
import * as der from "./der.js"
import { isRecord, readJson } from "./json.js"
import { blocksOf, bytesOf } from "./pem.js"
import { isForSigning, keyTypeOf, sizes } from "./publicKey.js"
import { type Algorithm, algorithms, type KeyType } from "./signingAlgorithm.js"

export interface PrivateKey {
  readonly type: KeyType
  /** PKCS #8 in base64, or the key members of the JWK. */
  readonly material: string | Readonly<Record<string, string>>
  /** The algorithm that the JWK names. */
  readonly algorithm: Algorithm | undefined
  /** The `kid` of the JWK. */
  readonly keyId: string | undefined
}

/** Description of a string that is not a usable private key, such as "a certificate". Contains no part of the string. */
export interface Unusable {
  readonly found: string
}

const unusable = (found: string): Unusable => ({ found })

export const isUsable = (outcome: PrivateKey | Unusable): outcome is PrivateKey => "material" in outcome

const minRsaBits = 2048

const shortRsa = (bits: number): Unusable =>
  unusable(`an RSA key of ${bits} bits; ${minRsaBits} or more are necessary (RFC 7518 section 3.3)`)

const encrypted: Unusable = { found: "encrypted; decrypt it with `openssl pkey -in key.pem -out decrypted.pem`" }
const publicKey: Unusable = { found: "a public key; the private key that belongs to it is necessary" }
const certificate: Unusable = { found: "a certificate; the private key that belongs to it is necessary" }

const fromDer = (bytes: Uint8Array, curve?: Uint8Array): PrivateKey | Unusable => {
  const key = der.readPrivateKey(bytes, curve)
  switch (key._tag) {
    case "Key": {
      const bits = key.rsaBits ?? minRsaBits
      return bits < minRsaBits
        ? shortRsa(bits)
        : { type: key.type, material: base64.encode(key.pkcs8), algorithm: undefined, keyId: undefined }
    }
    case "Encrypted":
      return encrypted
    case "UnknownCurve":
      return unusable("an EC key on a curve other than P-256, P-384 and P-521")
    case "UnknownAlgorithm":
      return unusable("a key of a kind other than RSA, EC and Ed25519")
    case "Public":
      return publicKey
    case "Certificate":
      return certificate
    case "Damaged":
      return unusable("damaged or cut off")
  }
}

const fromPem = (text: string): PrivateKey | Unusable => {
  const blocks = blocksOf(text)
  if (blocks === undefined) return unusable("PEM that is cut off: a line with BEGIN has no END")
  const labelled = (end: string) => blocks.filter(({ label }) => label.endsWith(end))
  const [key, another] = labelled("PRIVATE KEY")
  if (key === undefined) {
    if (labelled("CERTIFICATE").length > 0) return certificate
    return labelled("PUBLIC KEY").length > 0 ? publicKey : unusable("PEM without a private key")
  }
  if (another !== undefined) return unusable("PEM with several private keys; keep one")
  if (key.label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type:.*ENCRYPTED/m.test(key.body)) return encrypted
  if (key.label === "OPENSSH PRIVATE KEY") {
    return unusable("a key in the format of OpenSSH; convert a copy of it with `ssh-keygen -p -m PKCS8 -f copy`")
  }
  const bytes = bytesOf(key)
  const [parameters] = labelled("EC PARAMETERS")
  return bytes === undefined
    ? unusable("PEM whose content is not base64")
    : fromDer(bytes, parameters === undefined ? undefined : bytesOf(parameters))
}

/** Members that contain bytes and are required for a complete key (RFC 7518 section 6, RFC 8037 section 2). */
const members: Readonly<Record<string, ReadonlyArray<string>>> = {
  RSA: ["n", "e", "d", "p", "q", "dp", "dq", "qi"],
  EC: ["x", "y", "d"],
  OKP: ["x", "d"]
}

const isBytes = (value: unknown, size: number): value is string =>
  typeof value === "string" && (base64.decode(value)?.length ?? 0) >= size

const fromJwk = (jwk: Readonly<Record<string, unknown>>): PrivateKey | Unusable => {
  const { alg, crv, d, kid, kty } = jwk
  if (kty === "oct") return unusable("a symmetric key; clientSecretJwt (client_secret_jwt) is for those")
  const names = typeof kty === "string" && Object.hasOwn(members, kty) ? members[kty] : undefined
  if (names === undefined) return unusable("JSON, but not a JWK of RSA, EC or OKP (RFC 7518 section 6)")
  if (d === undefined) return unusable("a JWK without its private part, so a public key")
  const type = keyTypeOf(kty, crv)
  if (type === undefined) return unusable("a JWK on a curve other than P-256, P-384, P-521 and Ed25519")
  if (!isForSigning(jwk)) return unusable("a JWK that is not for signatures (use, key_ops)")
  const material: Record<string, string> = type === "RSA"
    ? { kty: type }
    : { kty: type === "Ed25519" ? "OKP" : "EC", crv: type }
  for (const name of names) {
    const value = jwk[name]
    if (!isBytes(value, sizes[type] ?? 1)) {
      return unusable(
        `a JWK without a usable member ${name}${
          type === "RSA" ? "; its primes are necessary" : ""
        } (RFC 7518 section 6)`
      )
    }
    material[name] = value
  }
  if (type === "RSA") {
    const bits = der.bitLength(base64.decode(material["n"] ?? "") ?? new Uint8Array())
    if (bits < minRsaBits) return shortRsa(bits)
  }
  const algorithm = algorithms[type].find((one) => one === alg)
  if (alg !== undefined && algorithm === undefined) {
    return unusable(`a JWK with an algorithm (alg) that keys of type ${type} do not sign with`)
  }
  return {
    type,
    material,
    algorithm,
    keyId: typeof kid === "string" ? kid : undefined
  }
}

const fromJson = (value: unknown, keyId: string | undefined): PrivateKey | Unusable => {
  const keys: unknown = isRecord(value) ? value["keys"] : value
  if (!Array.isArray(keys)) {
    return isRecord(value) ? fromJwk(value) : unusable("neither PEM nor JWK: JSON that is damaged")
  }
  // A JWK Set (RFC 7517 section 5).
  const own = keys.filter(isRecord).filter((jwk) => jwk["d"] !== undefined && isForSigning(jwk))
  const [key, another] = keyId === undefined || own.length === 1 ? own : own.filter(({ kid }) => kid === keyId)
  if (key === undefined) {
    return unusable(
      own.length === 0
        ? "a JWK Set without a private key for signatures"
        : "a JWK Set without a private key of this key id"
    )
  }
  return another === undefined
    ? fromJwk(key)
    : unusable("a JWK Set with several private keys; keep one, or choose one by its key id (OAUTH_PRIVATE_KEY_ID)")
}

/** Returns the content between quotes; undefined if there are none. */
const unquoted = (text: string): string | undefined => {
  const value = readJson(text)
  if (typeof value === "string") return value
  return /^(["'`])[^]*\1$/.test(text) ? text.slice(1, -1) : undefined
}

/** Maximum length of a key. A longer string is a wrong file, and is not parsed. */
const maxLength = 100_000

/** Reads a private key. `keyId` selects a key of a JWK Set. `depth` bounds the layers of quotes and base64 around a key. */
export const read = (text: string, keyId?: string, depth = 2): PrivateKey | Unusable => {
  if (text.length > maxLength) return unusable("longer than any private key")
  // A byte order mark is white space too.
  const trimmed = text.trim()
  if (trimmed === "") return unusable("empty")
  if (trimmed.startsWith("PuTTY-User-Key-File")) return unusable("a key of PuTTY; export it as an OpenSSL key")
  if (/^[[{]/.test(trimmed)) return fromJson(readJson(trimmed), keyId)
  if (trimmed.includes("-----BEGIN")) return fromPem(trimmed)
  if (depth > 0) {
    const inner = unquoted(trimmed)
    if (inner !== undefined) return read(inner, keyId, depth - 1)
    const bytes = base64.decode(trimmed.replace(/\s|\\+[rn]/g, ""))
    if (bytes !== undefined && bytes.length > 32) {
      // PKCS #8 without PEM, recognized by its first byte; otherwise a complete PEM or JWK in base64.
      return bytes[0] === 0x30 ? fromDer(bytes) : read(new TextDecoder().decode(bytes), keyId, depth - 1)
    }
  }
  return unusable("neither PEM nor JWK")
}
