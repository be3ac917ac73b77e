/**
 * What a grant presents, in the requests of a client: with its client authentication, as one credential.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

import { CredentialUnavailable, type TokenError } from "../../OAuthError.js"
import type { Authentication, Credential } from "./authenticatedRequest.js"
import type { ClientProof } from "./tokenRequest.js"

interface Presented {
  readonly parameters: Readonly<Record<string, string>>
  readonly owner?: string | undefined
  readonly expiresAt?: number | undefined
  readonly isMadeHere?: boolean | undefined
}

/** What is needed of a grant. */
interface Grant {
  readonly isOnBehalfOf: boolean
  readonly present: (
    target: Parameters<Credential["prove"]>[0] & { readonly subject: Redacted.Redacted<string> | undefined }
  ) => Effect.Effect<Presented, TokenError>
}

const hint = ({ expiresAt }: Presented): string =>
  "The server does not accept what the grant presents. Check that it trusts the issuer of that token, its subject and its " +
  `audience${expiresAt === undefined ? "" : `, and its life: it expires at ${new Date(expiresAt).toISOString()}`}.`

const merged = (presented: Presented, proof: ClientProof): ClientProof => ({
  ...proof,
  parameters: { ...presented.parameters, ...proof.parameters },
  presented: {
    value: presented.isMadeHere === true ? "" : JSON.stringify(presented.parameters),
    expiresAt: presented.expiresAt,
    hint: hint(presented)
  }
})

/** The same authentication, with what the grant presents in each of its proofs. */
export const withGrant = (
  authentication: Authentication,
  { present }: Grant,
  subject: Redacted.Redacted<string> | undefined
): Authentication => {
  const presenting = (credential: Credential): Credential => ({
    ...credential,
    prove: (target) => Effect.zipWith(present({ ...target, subject }), credential.prove(target), merged)
  })
  const [first, ...others] = authentication.credentials
  return { credentials: [Effect.map(first, presenting), ...others.map(Effect.map(presenting))] }
}

/** The error of a call on behalf of a user, where the client presents no token of a user. */
export const notOnBehalfOf = new CredentialUnavailable({
  credential: "identity token",
  problem:
    "the call is made on behalf of a user, and the grant of the client presents no token of a user. Configure one, " +
    "such as Grant.tokenExchange({ subject: \"onBehalfOf\" }), or leave Grant.onBehalfOf out",
  permanent: true
})
