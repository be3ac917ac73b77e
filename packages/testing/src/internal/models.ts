/**
 * The values that the parts of the authorization server share.
 */
import type * as Redacted from "effect/Redacted"
import type { JWK } from "jose"

/** A client that is registered at the server (RFC 7591 section 2). */
export interface Client {
  readonly id: string
  /** For the methods with a secret. */
  readonly secret?: string | undefined
  /** The public keys, for `private_key_jwt`. */
  readonly keys?: ReadonlyArray<JWK> | undefined
  /**
   * The certificate, for the two methods by mutual TLS. In memory, the name that `OAuthTest.Options` has; on sockets, the
   * certificate as PEM, or, for `tls_client_auth`, its subject (`CN=payments,O=Example`) or one of its alternative names.
   */
  readonly certificate?: string | undefined
  /**
   * The method that it is registered for, or several; any other is rejected. `none` is for a grant that presents a token.
   * Default: `private_key_jwt` for a client with keys, `tls_client_auth` for one with a certificate, else `secretMethods` of
   * the server.
   */
  readonly method?: string | ReadonlyArray<string> | undefined
  /** The scopes that it may request. Default: `scopes` of the server. */
  readonly scope?: ReadonlyArray<string> | undefined
  /** The scopes that it is granted when it requests none. Default: by `missingScope` of the server. */
  readonly defaultScope?: ReadonlyArray<string> | undefined
  /** The audiences and resources that it may request. Default: `audiences` of the server. */
  readonly audience?: ReadonlyArray<string> | undefined
  /** True if its tokens are bound to the certificate of their request (RFC 8705 section 3). Default: false. */
  readonly certificateBound?: boolean | undefined
  /** True if its tokens must be bound to a key (RFC 9449). Default: false. */
  readonly dpop?: boolean | undefined
}

/** An issued token, with its current state. */
export interface Issued {
  /** The first is 1; its value is `token-1`, on sockets with more at its end, or a JWT. */
  readonly number: number
  readonly value: Redacted.Redacted<string>
  readonly clientId: string
  readonly scope: ReadonlyArray<string>
  readonly audience: ReadonlyArray<string>
  /** The `organization` of the request, as Auth0 has it; absent if it named none. */
  readonly organization?: string | undefined
  /** The thumbprint of the key that it is bound to; undefined for a bearer token. */
  readonly thumbprint: string | undefined
  /** The thumbprint of the certificate that it is bound to (`x5t#S256`); absent if it is bound to none. */
  readonly certificate?: string | undefined
  /** The subject of the token that was presented for it; absent for client credentials. */
  readonly subject?: string | undefined
  /** Milliseconds since the epoch. */
  readonly issuedAt: number
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly revoked: boolean
  /** The reason of the request: `cold`, `renewal`, `expired`, `rejected`, `forced`; undefined if the client states none. */
  readonly reason: string | undefined
}
