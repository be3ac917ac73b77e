/**
 * Certificates and keys of TLS connections in the form that Node accepts.
 */
import { createHash, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Tls from "node:tls"

import * as Redacted from "effect/Redacted"

import type { Validity } from "../protocol/certificateLife.js"

/** One or several PEM strings. */
export type Authorities = string | ReadonlyArray<string>

/** Certificates and keys of connections, as read. */
export interface Material {
  readonly ca: Authorities | undefined
  readonly extraCa: Authorities | undefined
  readonly certificate: string | undefined
  readonly key: Redacted.Redacted<string> | undefined
  readonly passphrase: Redacted.Redacted<string> | undefined
  readonly minVersion: "TLSv1.2" | "TLSv1.3"
}

const listOf = (pems: Authorities | undefined): ReadonlyArray<string> =>
  pems === undefined ? [] : typeof pems === "string" ? [pems] : pems

/** `getCACertificates` is there since Node 22.15. */
const node: {
  readonly rootCertificates: ReadonlyArray<string>
  readonly getCACertificates?: (type: "default") => ReadonlyArray<string>
} = Tls

/** Returns whether a PEM has certificates, all of them complete: connections skip what they cannot read. */
export const areCertificates = (pem: string): boolean => {
  const begin = "-----BEGIN CERTIFICATE-----"
  const [, ...certificates] = pem.split(begin)
  try {
    for (const one of certificates) new X509Certificate(begin + one)
    return certificates.length > 0
  } catch {
    return false
  }
}

/** Returns the authorities that Node trusts if a connection names none. */
const defaultAuthorities = (): ReadonlyArray<string> => {
  if (node.getCACertificates !== undefined) return node.getCACertificates("default")
  // Node reports a file that it cannot read.
  const file = process.env["NODE_EXTRA_CA_CERTS"]
  try {
    return [...node.rootCertificates, ...file === undefined || file === "" ? [] : [readFileSync(file, "utf8")]]
  } catch {
    return node.rootCertificates
  }
}

/**
 * Creates the context that connections share. Parsing all authorities takes milliseconds, so it is not created per connection.
 */
export const secureContext = (
  { ca, certificate, extraCa, key, minVersion, passphrase }: Partial<Material>
): Tls.SecureContext =>
  Tls.createSecureContext({
    ...(extraCa !== undefined
      ? { ca: [...defaultAuthorities(), ...listOf(extraCa)] }
      : ca === undefined
      ? {}
      : { ca: [...listOf(ca)] }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key: Redacted.value(key) }),
    ...(passphrase === undefined ? {} : { passphrase: Redacted.value(passphrase) }),
    minVersion: minVersion ?? "TLSv1.2"
  })

/** A client certificate: its thumbprint (RFC 8705 section 3.1) and its validity. */
export interface Certificate extends Validity {
  /** SHA-256 hash of its DER encoding, as base64url. */
  readonly thumbprint: string
}

/** Reads the first certificate of a valid PEM, that of the client. */
export const certificateOf = ({ certificate }: Material): Certificate | undefined => {
  if (certificate === undefined) return undefined
  const { raw, validFrom, validTo } = new X509Certificate(certificate)
  return {
    thumbprint: createHash("sha256").update(raw).digest("base64url"),
    notBefore: Date.parse(validFrom),
    notAfter: Date.parse(validTo)
  }
}
