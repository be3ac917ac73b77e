/**
 * Certificate that the `HttpClient` presents, for tokens that are bound to it (RFC 8705 section 3). `NodeTls` provides it
 * together with its `HttpClient`; the certificates of other clients are unknown.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface ClientCertificate {
  /**
   * Thumbprint of the certificate that the next request presents (RFC 8705 section 3.1): the kept one within `hold`,
   * otherwise the newest one.
   */
  readonly thumbprint: Effect.Effect<string | undefined>
  /**
   * Runs an effect whose requests all present the same certificate: the one with this thumbprint, if it is the newest or the
   * previous one, otherwise the newest one.
   */
  readonly hold: <A, E, R>(self: Effect.Effect<A, E, R>, thumbprint?: string | undefined) => Effect.Effect<A, E, R>
}

/** Certificate of the `HttpClient` that it was provided with; undefined if it is unknown. */
export class CurrentCertificate extends Context.Reference<CurrentCertificate>()(
  "@effect-oauth/client-credentials/internal/http/clientCertificate/CurrentCertificate",
  { defaultValue: (): ClientCertificate | undefined => undefined }
) {}
