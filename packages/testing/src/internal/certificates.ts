/**
 * Client certificates: names and thumbprints, for clients that authenticate by one and tokens that are bound to one (RFC 8705).
 */
import * as Effect from "effect/Effect"

import { base64url } from "./proofs.js"

/** The certificate of a connection. */
export interface Certificate {
  /** In memory the one that the test gives; on sockets the subject and the alternative names. */
  readonly names: ReadonlyArray<string>
  /** RFC 8705 section 3.1. */
  readonly thumbprint: string
  /** True if an authority that the server trusts has issued it. */
  readonly isTrusted: boolean
}

const pem = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/

/** Returns the thumbprint of a certificate in PEM; in memory, of its name. */
const thumbprintOf = (text: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const [, base64] = pem.exec(text) ?? []
    const bytes = base64 === undefined
      ? new TextEncoder().encode(text)
      : Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0))
    return base64url(await crypto.subtle.digest("SHA-256", bytes))
  })

/** Returns the certificate of a name, in memory. */
export const named = (name: string): Effect.Effect<Certificate> =>
  Effect.map(thumbprintOf(name), (thumbprint) => ({ names: [name], thumbprint, isTrusted: true }))

/**
 * Returns the problem of a certificate for a client; undefined for the one that is registered. A name is enough where an
 * authority has verified it (RFC 8705 section 2.1); a self-signed certificate must be the registered one (section 2.2).
 */
export const problemOf = (
  registered: string | undefined,
  presented: Certificate | undefined,
  method: string
): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    if (presented === undefined) return "The request has no secret, no assertion and no certificate of the client."
    if (registered === undefined) return "No certificate is registered for the client."
    const isSame = presented.thumbprint === (yield* thumbprintOf(registered))
    if (method === "self_signed_tls_client_auth") {
      return isSame ? undefined : "The certificate is not the registered one, which must be stated in PEM."
    }
    if (!presented.isTrusted) return "The certificate is not issued by an authority of the server (tls.ca)."
    return isSame || presented.names.includes(registered)
      ? undefined
      : `The certificate is of ${presented.names.join(", ")}, and not of ${registered}.`
  })
