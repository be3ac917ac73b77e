/**
 * Subset of DER (ITU-T X.690) for keys and signatures: private keys, which are converted to PKCS #8 and distinguished from
 * similar content; public keys and certificates; ECDSA signatures.
 */
import { hex } from "./bytes.js"
import type { KeyType } from "./signingAlgorithm.js"

type Bytes = Uint8Array

interface Element {
  readonly tag: number
  readonly content: Bytes
  /** With tag and length. */
  readonly whole: Bytes
}

const integer = 0x02
const octets = 0x04
const bits = 0x03
const identifier = 0x06
const sequence = 0x30

/** Reads the element at the start of the bytes; undefined if it is damaged or truncated. */
const readElement = (bytes: Bytes): Element | undefined => {
  const [tag = 0, first] = bytes
  // In BER, 0x80 is a length that is not stated.
  if (first === undefined || first === 0x80) return undefined
  const size = first >> 7 === 0 ? 0 : first & 0x7f
  const length = size === 0 ? first : bytes.subarray(2, 2 + size).reduce((sum, byte) => sum * 256 + byte, 0)
  const end = 2 + size + length
  return end > bytes.length
    ? undefined
    : { tag, content: bytes.subarray(2 + size, end), whole: bytes.subarray(0, end) }
}

/** Reads all elements of the bytes; undefined if one of them is damaged. */
const readAll = (bytes: Bytes): ReadonlyArray<Element> | undefined => {
  const elements: Array<Element> = []
  for (let rest = bytes; rest.length > 0;) {
    const element = readElement(rest)
    if (element === undefined) return undefined
    elements.push(element)
    rest = rest.subarray(element.whole.length)
  }
  return elements
}

/** Reads the elements of the sequence at the start of the bytes. */
const readSequence = (bytes: Bytes): ReadonlyArray<Element> | undefined => {
  const outer = readElement(bytes)
  return outer?.tag === sequence ? readAll(outer.content) : undefined
}

const join = (...parts: ReadonlyArray<ArrayLike<number>>): Bytes =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)))

const write = (tag: number, ...parts: ReadonlyArray<ArrayLike<number>>): Bytes => {
  const content = join(...parts)
  const { length } = content
  const size = length < 0x80
    ? [length]
    : length < 0x100
    ? [0x81, length]
    : [0x82, length >> 8, length & 0xff]
  return join([tag], size, content)
}

/** Returns the number of bits of a positive integer. */
export const bitLength = (bytes: Bytes): number => {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24)
}

const rsaOid = "2a864886f70d010101"
const pssOid = "2a864886f70d01010a"
const ecOid = "2a8648ce3d0201"
const ed25519Oid = "2b6570"
/** The schemes of PKCS #5, by which PKCS #8 is encrypted (RFC 8018). */
const encryptionOids = "2a864886f70d0105"
const curves: Readonly<Record<string, KeyType>> = {
  "2a8648ce3d030107": "P-256",
  "2b81040022": "P-384",
  "2b81040023": "P-521"
}

export type Read =
  | { readonly _tag: "Key"; readonly type: KeyType; readonly pkcs8: Bytes; readonly rsaBits: number | undefined }
  | {
    readonly _tag: "Encrypted" | "Public" | "Certificate" | "UnknownCurve" | "UnknownAlgorithm" | "Damaged"
  }

const nothing = (_tag: Exclude<Read["_tag"], "Key">): Read => ({ _tag })

const number = (value: number) => write(integer, [value])
const oid = (value: string) => write(identifier, hex.decode(value))

/** RFC 5958 section 2, in the version that every platform imports: without attributes and public key. */
const pkcs8 = (algorithm: ReadonlyArray<Bytes>, key: Bytes): Bytes =>
  write(sequence, number(0), write(sequence, ...algorithm), write(octets, key))

const rsa = (type: "RSA" | "RSA-PSS", key: Bytes): Read => {
  const parts = readSequence(key)
  const isComplete = parts !== undefined && parts.length >= 9 && parts.every(({ tag }) => tag === integer)
  const modulus = isComplete ? parts[1] : undefined
  if (modulus === undefined) return nothing("Damaged")
  // As an RSA key without a mark, which platforms import for either scheme.
  return {
    _tag: "Key",
    type,
    pkcs8: pkcs8([oid(rsaOid), hex.decode("0500")], key),
    rsaBits: bitLength(modulus.content)
  }
}

/** Reads an EC key (RFC 5915 section 3). The key may name its curve; otherwise `beside` contains it. */
const ec = (key: Bytes, beside: Element | undefined): Read => {
  const parts = readSequence(key)
  if (parts?.[0]?.tag !== integer || parts[1]?.tag !== octets) return nothing("Damaged")
  const inside = parts.find(({ tag }) => tag === 0xa0)
  const named = readElement(inside?.content ?? new Uint8Array()) ?? beside
  if (named === undefined) return nothing("Damaged")
  const type = named.tag === identifier ? curves[hex.encode(named.content)] : undefined
  if (type === undefined) return nothing("UnknownCurve")
  const point = parts.find(({ tag }) => tag === 0xa1)
  const own = write(sequence, number(1), parts[1].whole, point?.whole ?? [])
  return { _tag: "Key", type, pkcs8: pkcs8([oid(ecOid), named.whole], own), rsaBits: undefined }
}

const inPkcs8 = (algorithm: Element, key: Bytes): Read => {
  const parts = readAll(algorithm.content)
  if (parts?.[0]?.tag !== identifier) return nothing("Damaged")
  switch (hex.encode(parts[0].content)) {
    case rsaOid:
      return rsa("RSA", key)
    case pssOid:
      return rsa("RSA-PSS", key)
    case ecOid:
      return ec(key, parts[1])
    case ed25519Oid:
      return readElement(key)?.content.length === 32
        ? { _tag: "Key", type: "Ed25519", pkcs8: pkcs8([oid(ed25519Oid)], key), rsaBits: undefined }
        : nothing("Damaged")
    default:
      return nothing("UnknownAlgorithm")
  }
}

/** Reads a private key. `curve` is the curve of an EC key that does not name it, from the PEM block before the key. */
export const readPrivateKey = (bytes: Bytes, curve: Bytes = new Uint8Array()): Read => {
  const parts = readSequence(bytes)
  if (parts === undefined) return nothing("Damaged")
  const [first, second, third] = parts
  if (first?.tag === sequence) {
    if (second?.tag === octets) {
      return nothing(hex.encode(first.content).includes(encryptionOids) ? "Encrypted" : "Damaged")
    }
    return nothing(second?.tag === bits ? "Public" : third?.tag === bits ? "Certificate" : "Damaged")
  }
  if (first?.tag === integer) {
    if (second?.tag === sequence && third?.tag === octets) return inPkcs8(second, third.content)
    if (second?.tag === octets) return ec(bytes, readElement(curve))
    // The public key of PKCS #1 is a modulus and an exponent.
    if (second?.tag === integer) return parts.length === 2 ? nothing("Public") : rsa("RSA", bytes)
  }
  return nothing("Damaged")
}

/** Returns whether the content of an INTEGER is a positive number in its shortest form. */
const isPositive = ([first = 0x80, second = 0]: Bytes): boolean => first < 0x80 && (first > 0 || second >= 0x80)

/** Returns a positive number without the leading zero byte of its sign. */
const magnitude = (content: Bytes): Bytes => content[0] === 0 ? content.subarray(1) : content

/** A public key: its type and its numbers. */
export interface PublicKey {
  readonly type: KeyType
  /** Modulus and exponent, or the coordinates, or the one number of an Ed25519 key. */
  readonly numbers: ReadonlyArray<Bytes>
}

/** The bytes of each coordinate (RFC 7518 section 6.2.1). */
const coordinates: { readonly [T in KeyType]?: number } = { "P-256": 32, "P-384": 48, "P-521": 66 }

/** The content of a public key by its type; a point on a curve is uncompressed (RFC 5480 section 2.2). */
const numbersOf = (type: KeyType, key: Bytes): ReadonlyArray<Bytes> | undefined => {
  const size = coordinates[type]
  if (size !== undefined) {
    return key[0] === 4 && key.length === 1 + 2 * size ? [key.slice(1, 1 + size), key.slice(1 + size)] : undefined
  }
  if (type === "Ed25519") return key.length === 32 ? [key.slice()] : undefined
  const parts = readSequence(key) ?? []
  return parts.length === 2 && parts.every(({ content, tag }) => tag === integer && isPositive(content))
    ? parts.map(({ content }) => magnitude(content).slice())
    : undefined
}

/** Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1); undefined when the bytes are none, or of another kind of key. */
export const readPublicKey = (bytes: Bytes): PublicKey | undefined => {
  const [algorithm, key, ...rest] = readSequence(bytes) ?? []
  const [name, curve] = algorithm?.tag === sequence ? readAll(algorithm.content) ?? [] : []
  // The first byte of a BIT STRING is how many bits of its last one are left out.
  if (name?.tag !== identifier || key?.tag !== bits || key.content[0] !== 0 || rest.length > 0) return undefined
  const types: Readonly<Record<string, KeyType | undefined>> = {
    [rsaOid]: "RSA",
    [pssOid]: "RSA-PSS",
    [ed25519Oid]: "Ed25519",
    [ecOid]: curve?.tag === identifier ? curves[hex.encode(curve.content)] : undefined
  }
  const type = types[hex.encode(name.content)]
  const numbers = type === undefined ? undefined : numbersOf(type, key.content.subarray(1))
  return type === undefined || numbers === undefined ? undefined : { type, numbers }
}

/** Returns whether the bytes have the structure of a certificate (RFC 5280 section 4.1), with nothing after it. */
export const isCertificate = (bytes: Bytes): boolean => {
  const parts = readSequence(bytes) ?? []
  const [body, algorithm, signature] = parts
  return readElement(bytes)?.whole.length === bytes.length && parts.length === 3 && body?.tag === sequence &&
    algorithm?.tag === sequence && signature?.tag === bits && (readAll(body.content)?.length ?? 0) >= 6
}

/**
 * Returns a signature by ECDSA as JWS has it: R and S, each with `size` bytes (RFC 7518 section 3.4). Undefined when the
 * bytes are anything else than the DER of two such numbers (RFC 3279 section 2.2.3), or have another byte after it.
 */
export const readSignature = (bytes: Bytes, size: number): Bytes | undefined => {
  const numbers = readSequence(bytes) ?? []
  if (numbers.length !== 2 || numbers.some(({ content, tag }) => tag !== integer || !isPositive(content))) {
    return undefined
  }
  // One way to write it only: lengths in their shortest form, and nothing after it.
  const written = write(sequence, ...numbers.map(({ content }) => write(integer, content)))
  if (hex.encode(written) !== hex.encode(bytes)) return undefined
  const halves = numbers.map(({ content }) => magnitude(content))
  return halves.every(({ length }) => length <= size)
    ? join(...halves.flatMap((half) => [new Uint8Array(size - half.length), half]))
    : undefined
}
