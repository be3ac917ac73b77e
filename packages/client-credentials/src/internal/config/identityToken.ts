/**
 * Reads identity tokens, which a platform or another server issued and a client presents.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { AccessToken } from "../../AccessToken.js"
import { CredentialUnavailable, type TokenError } from "../../OAuthError.js"
import * as identityToken from "../protocol/identityToken.js"
import { isRecord } from "../protocol/json.js"
import { identified } from "./bareMethods.js"
import type { Check } from "./check.js"
import * as credentialSource from "./credentialSource.js"

export interface IdentityToken {
  readonly value: string
  /** Owner, by claims that do not change when the token is replaced; undefined if the token does not contain them. */
  readonly owner: string | undefined
  /** Expiry in milliseconds since the epoch; undefined if the token does not contain it. */
  readonly expiresAt: number | undefined
  /** Reports that the server did not accept the token; undefined where the next one does not depend on it. */
  readonly invalidate?: Effect.Effect<void> | undefined
  /** Reports that the server accepted the token in place of one that it had not accepted. */
  readonly confirm?: Effect.Effect<void> | undefined
}

/** Cached tokens of another client: the members of `TokenCache` that are used. */
export interface CachedTokens {
  readonly get: Effect.Effect<AccessToken, TokenError>
  readonly invalidate: (token: AccessToken) => Effect.Effect<boolean>
  readonly confirm: (token: AccessToken) => Effect.Effect<void>
}

export type Source = CachedTokens | credentialSource.Source

const isCache = (value: unknown): value is CachedTokens =>
  isRecord(value) && Effect.isEffect(value["get"]) && typeof value["invalidate"] === "function" &&
  typeof value["confirm"] === "function"

/** Reads the token of another client. Its error becomes a credential error, since nothing was sent to this client's server. */
const readCache = ({ confirm, get, invalidate }: CachedTokens): Effect.Effect<IdentityToken, CredentialUnavailable> =>
  Effect.mapBoth(get, {
    onFailure: (error) =>
      new CredentialUnavailable({
        credential: "identity token",
        problem: error.message.replace(/\.$/, ""),
        check: "the client whose token is presented",
        permanent: !error.retryable
      }),
    onSuccess: (token) => {
      const value = Redacted.value(token.value)
      return {
        value,
        owner: identityToken.claims(value)?.owner,
        expiresAt: token.expiresAt,
        invalidate: Effect.asVoid(invalidate(token)),
        confirm: confirm(token)
      }
    }
  })

/** Reads the token. */
export const read = (source: Source): Effect.Effect<IdentityToken, CredentialUnavailable> =>
  isCache(source) ? readCache(source) : Effect.map(credentialSource.read("identity token", source), (token) => {
    const value = Redacted.value(token)
    const claims = identityToken.claims(value)
    return { value, owner: claims?.owner, expiresAt: claims?.expiresAt }
  })

/** Expected value, for the error of a value that is not a source. */
export const expected =
  "a source of identity tokens such as WorkloadIdentity.file, an Effect that returns a Redacted string, or a Redacted " +
  "string (Redacted.make)"

export const isSource = (value: unknown): value is credentialSource.Source =>
  Effect.isEffect(value) || credentialSource.isValid("identity token", value)

export const isSourceOrCache = (value: unknown): value is Source => isSource(value) || isCache(value)

/** Validates a source. A source of the library with invalid options is represented by an error. */
export const check = (
  { expect }: Check,
  setting: string,
  value: unknown,
  kind: { readonly is: (value: unknown) => boolean; readonly expected: string } = { is: isSource, expected }
): void => {
  const isWrong = value instanceof CredentialUnavailable && value.permanent === true
  expect(
    setting,
    !isWrong && kind.is(value) ? true : undefined,
    isWrong ? `a source of identity tokens, but ${value.problem}` : kind.expected
  )
}

/** Types of assertions that platforms issue: JWTs (RFC 7523 section 2.2), and JWT-SVIDs of SPIFFE (its OAuth draft). */
const assertionTypes = {
  jwt: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
  spiffe: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
} as const

export type AssertionType = keyof typeof assertionTypes

/** Returns the credential of a client whose assertion the platform issues. */
export const assertion = (identity: credentialSource.Source, type: AssertionType) =>
  Effect.map(read(identity), ({ expiresAt, owner, value }) => ({
    identity: Redacted.make(value),
    owner,
    expiresAt,
    prove: ({ clientId }: { readonly clientId: string }) =>
      Effect.succeed({
        parameters: { ...identified(clientId), client_assertion_type: assertionTypes[type], client_assertion: value },
        hint:
          "Check that the server trusts the issuer of the identity token, and its subject and audience for this client."
      })
  }))
