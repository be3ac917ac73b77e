/**
 * The certificate that a client presents on a socket.
 */
import { createHash, X509Certificate } from "node:crypto"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"

import type { Certificate } from "./certificates.js"

/** Returns the certificate of a client; undefined without TLS, and for a client that presents none. */
export const certificateOf = (socket: Socket): Certificate | undefined => {
  if (!(socket instanceof TLSSocket)) return undefined
  const raw = socket.getPeerCertificate().raw as Buffer | undefined
  if (raw === undefined) return undefined
  const { subject, subjectAltName = "" } = new X509Certificate(raw)
  return {
    names: [subject.split("\n").join(","), ...subjectAltName.split(", ").map((name) => name.replace(/^[^:]+:/, ""))],
    thumbprint: createHash("sha256").update(raw).digest("base64url"),
    isTrusted: socket.authorized
  }
}
