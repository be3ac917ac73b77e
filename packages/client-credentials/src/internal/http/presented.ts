/**
 * Combines the token that a grant presents with the client authentication to one credential.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"

import { CredentialUnavailable, type TokenError } from "../../OAuthError.js"
import { tagOf } from "../protocol/foreignError.js"
import { isRecord } from "../protocol/json.js"
import type { Authentication, Credential } from "./authenticatedRequest.js"
import * as ownEffects from "./ownEffects.js"
import type { ClientProof } from "./tokenRequest.js"

interface Presented {
  readonly parameters: Readonly<Record<string, string>>
  readonly expiresAt?: number | undefined
  readonly isMadeHere?: boolean | undefined
  readonly invalidate?: Effect.Effect<void> | undefined
  readonly confirm?: Effect.Effect<void> | undefined
}

/** Part of a grant that is used here. */
interface Grant {
  readonly isOnBehalfOf: boolean
  readonly present: (
    target: Parameters<Credential["prove"]>[0] & { readonly subject: Redacted.Redacted<string> | undefined }
  ) => Effect.Effect<Presented, TokenError>
}

const unavailable = (problem: string, permanent = false) =>
  new CredentialUnavailable({ credential: "identity token", problem, permanent })

const isPresented = (value: unknown): value is Presented =>
  isRecord(value) && isRecord(value["parameters"]) &&
  Object.values(value["parameters"]).every((one) => typeof one === "string") &&
  [value["invalidate"], value["confirm"]].every((one) => one === undefined || Effect.isEffect(one))

/** Reads the token to present. The function of a custom grant may throw and return any value. */
const read = ({ present }: Grant, target: Parameters<Grant["present"]>[0]): Effect.Effect<Presented, TokenError> =>
  ownEffects.settled(
    Effect.suspend(() => {
      const reading: unknown = present(target)
      return Effect.isEffect(reading)
        ? reading as ReturnType<Grant["present"]>
        : unavailable("present of the grant returned no Effect", true)
    }),
    (defect) => unavailable(tagOf(defect))
  ).pipe(
    Effect.filterOrFail(
      (presented) => isPresented(presented),
      () => unavailable("present of the grant returned no parameters", true)
    )
  )

const hint = ({ expiresAt = NaN }: Presented): string =>
  "The server rejected the token that the grant presents. Check that it trusts the issuer of that token, its subject and its " +
  `audience${
    Math.abs(expiresAt) <= 8.64e15 ? `, and its lifetime: it expires at ${new Date(expiresAt).toISOString()}` : ""
  }.`

const merged = (presented: Presented, proof: ClientProof): ClientProof => ({
  ...proof,
  parameters: { ...presented.parameters, ...proof.parameters },
  presented: {
    value: JSON.stringify(presented.parameters),
    expiresAt: presented.expiresAt,
    isMadeHere: presented.isMadeHere === true,
    isAlone: Object.keys(proof.headers ?? {}).length === 0 &&
      Object.keys(proof.parameters ?? {}).every((name) => name === "client_id"),
    hint: hint(presented),
    invalidate: presented.invalidate ?? Effect.void,
    confirm: presented.confirm ?? Effect.void
  }
})

/** Returns the authentication with the token of the grant in each of its proofs. */
export const withGrant = (grant: Grant) =>
(
  authentication: Authentication,
  subject: Redacted.Redacted<string> | undefined
): Authentication => {
  const presenting = (credential: Credential): Credential => ({
    ...credential,
    prove: (target) => Effect.zipWith(read(grant, { ...target, subject }), credential.prove(target), merged)
  })
  const [first, ...others] = authentication.credentials
  return { credentials: [Effect.map(first, presenting), ...others.map(Effect.map(presenting))] }
}
