/**
 * Methods of client authentication without a configured credential.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

const make = (method: string, parameters: (clientId: string) => Readonly<Record<string, string>>, hint?: string) =>
  [Effect.succeed({
    identity: Redacted.make(method),
    prove: ({ clientId }: { readonly clientId: string }) => Effect.succeed({ parameters: parameters(clientId), hint })
  })] as const

/** Creates a method whose credential is the certificate that the HTTP client presents. */
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

/** Returns the parameter of the client id, if the client has one. */
export const identified = (clientId: string): Readonly<Record<string, string>> =>
  clientId === "" ? {} : { client_id: clientId }

/** Creates the method of clients that are identified by their grant. */
export const none = () => ({
  method: "none",
  credentials: make("none", identified),
  mutualTls: false,
  identifiesClient: true
})
