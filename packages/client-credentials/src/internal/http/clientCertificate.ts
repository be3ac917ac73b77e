/**
 * The certificate that the `HttpClient` presents, for tokens that are bound to it (RFC 8705 section 3). `NodeTls` provides it
 * beside its `HttpClient`; other clients have none that is known.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export interface ClientCertificate {
  /**
   * The thumbprint of the certificate that the next request presents (RFC 8705 section 3.1): within `hold` that which is
   * held, else the newest one.
   */
  readonly thumbprint: Effect.Effect<string | undefined>
  /**
   * Runs an effect whose requests all present the same certificate: the one with this thumbprint, if it is the newest one
   * or the one before, or else the newest one.
   */
  readonly hold: <A, E, R>(self: Effect.Effect<A, E, R>, thumbprint?: string | undefined) => Effect.Effect<A, E, R>
}

/** The certificate of the `HttpClient` beside which it was provided; undefined when none is known. */
export class CurrentCertificate extends Context.Reference<CurrentCertificate>()(
  "@effect-oauth/client-credentials/internal/http/clientCertificate/CurrentCertificate",
  { defaultValue: (): ClientCertificate | undefined => undefined }
) {}
