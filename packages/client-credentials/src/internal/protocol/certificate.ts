/**
 * Thumbprints of certificates, by which servers find the key of an assertion (RFC 7515 section 4.1.8).
 */
import { base64url } from "./bytes.js"
import { isCertificate as isDer } from "./der.js"
import { blocksOf, bytesOf } from "./pem.js"

/** Returns the first certificate of a PEM string in DER, ignoring other blocks; undefined if there is none. */
const read = (pem: unknown): Uint8Array | undefined => {
  const block = typeof pem === "string" ? blocksOf(pem)?.find(({ label }) => label === "CERTIFICATE") : undefined
  const bytes = block === undefined ? undefined : bytesOf(block)
  return bytes !== undefined && isDer(bytes) ? bytes : undefined
}

export const isCertificate = (pem: unknown): boolean => read(pem) !== undefined

/** Returns the value of `x5t#S256`; undefined if the string contains no certificate. */
export const thumbprint = async (pem: string): Promise<string | undefined> => {
  const bytes = read(pem)
  return bytes === undefined
    ? undefined
    : base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(bytes))))
}
