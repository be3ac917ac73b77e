/**
 * Sources of secrets and private keys: a value, or an Effect that reads it whenever it is needed.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { CredentialUnavailable } from "../../OAuthError.js"
import type { Signer } from "../../Signer.js"
import * as ownEffects from "../http/ownEffects.js"
import { tagOf } from "../protocol/foreignError.js"
import { isRecord } from "../protocol/json.js"
import { type Check, printable } from "./check.js"

export type Source = Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown>

export type Read = Effect.Effect<Redacted.Redacted<string>, CredentialUnavailable>

export type Kind = CredentialUnavailable["credential"]

/** Returns whether a value is a valid credential. A key may have several lines, a secret may not. */
export const isValid = (kind: Kind, value: unknown): value is Redacted.Redacted<string> => {
  if (!Redacted.isRedacted(value)) return false
  const text = Redacted.value(value)
  return kind === "private key" ? typeof text === "string" && text.trim() !== "" : printable(text)
}

/** Returns the problem of a value that is not a valid credential, without the value. */
const problemOf = (value: unknown): string =>
  Redacted.isRedacted(value) && typeof Redacted.value(value) === "string"
    ? "it is empty or contains line breaks"
    : "its source returned no string: is a variable unset?"

/** Time limit of a source. A slower source is reported as failed, so that the delay has a visible cause. */
const limit = "10 seconds"

/** Reads a credential and validates it, which is not possible earlier. */
export const read = (kind: Kind, source: Source): Read =>
  Effect.isEffect(source)
    ? ownEffects.bounded(
      // A source of the library fails with a specific error already.
      Effect.mapError(source, (failure) =>
        failure instanceof CredentialUnavailable
          ? failure
          : new CredentialUnavailable({ credential: kind, problem: tagOf(failure) })),
      {
        limit,
        onDefect: (defect) => new CredentialUnavailable({ credential: kind, problem: tagOf(defect) }),
        onTimeout: () =>
          new CredentialUnavailable({ credential: kind, problem: `its source did not respond within ${limit}` })
      }
    ).pipe(
      Effect.filterOrFail(
        (value) => isValid(kind, value),
        (value: unknown) => new CredentialUnavailable({ credential: kind, problem: problemOf(value) })
      )
    )
    : Effect.succeed(source)

/** Validates a secret: a value immediately, a source when it is read. */
export const validate = ({ expect }: Check, setting: string, value: unknown): Source | undefined =>
  Effect.isEffect(value)
    ? value as Effect.Effect<Redacted.Redacted<string>, unknown>
    : expect(
      setting,
      isValid("client secret", value) ? value : undefined,
      typeof value === "string"
        ? "a Redacted string, created by Redacted.make, so that it cannot be printed by mistake"
        : "a string of one or more characters, without line breaks"
    )

/** Returns whether a value that is a source or a signer is a signer, valid or not. */
export const isSigner = (value: unknown): value is Signer =>
  isRecord(value) && !Effect.isEffect(value) && !Redacted.isRedacted(value)
