/**
 * Choice of endpoints: those for mutual TLS, which request a certificate, or the others (RFC 8705 section 5).
 */

/** Facts that the choice depends on. */
export interface Situation {
  /** The method of client authentication. */
  readonly method: string
  /** True if the client authenticates by the certificate. */
  readonly byCertificate: boolean
  /** Setting of the user: true if tokens are bound to the certificate of the client. */
  readonly wanted: boolean | undefined
  /** True if tokens are bound to a DPoP key, so that they need no certificate. */
  readonly hasDpop: boolean
  /** `tls_client_certificate_bound_access_tokens` of the server (RFC 8705 section 3.3). */
  readonly serverBinds: boolean | undefined
}

/**
 * Returns whether the aliases for mutual TLS are used where the server has them. Section 5 is for every client that uses
 * mutual TLS, also one that authenticates by an assertion and has its tokens bound to its certificate, as FAPI 2.0 allows:
 * at the usual endpoint the server does not request the certificate, and issues a token that is not bound.
 */
export const usesAliases = ({ byCertificate, hasDpop, method, serverBinds, wanted }: Situation): boolean =>
  byCertificate || (wanted ?? (method === "private_key_jwt" && serverBinds === true && !hasDpop))

/**
 * Returns whether tokens are known to be bound to the certificate of the client (RFC 8705 section 3). Authentication by a
 * certificate does not imply bound tokens: without a statement about it, only a rejection by the API shows it.
 */
export const bindsTokens = (situation: Situation): boolean =>
  situation.wanted ?? (situation.serverBinds === true && usesAliases(situation))
