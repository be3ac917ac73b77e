/**
 * The methods of client authentication without a configured credential.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const make = (method: string, parameters: (clientId: string) => Readonly<Record<string, string>>, hint?: string) =>
  [Effect.succeed({
    identity: Redacted.make(method),
    prove: ({ clientId }: { readonly clientId: string }) => Effect.succeed({ parameters: parameters(clientId), hint })
  })] as const

/** The HTTP client presents the certificate. */
export const certificate = (method: string) => ({
  method,
  credentials: make(
    method,
    (clientId) => ({ client_id: clientId }),
    `With ${method}, the credential is the certificate that the HTTP client presents (NodeTls, ` +
      "OAUTH_TLS_CERTIFICATE_FILE)."
  ),
  mutualTls: true
})

/** The id of a client that has one. */
export const identified = (clientId: string): Readonly<Record<string, string>> =>
  clientId === "" ? {} : { client_id: clientId }

/** The grant presents what is necessary. */
export const none = () => ({
  method: "none",
  credentials: make("none", identified),
  mutualTls: false,
  identifiesClient: true
})
