/**
 * Signers as options: in place of a source of a private key.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type { Signer } from "../../Signer.js"
import { isRecord } from "../protocol/json.js"
import type { Problem } from "../protocol/options.js"
import { publicMembers } from "../protocol/publicKey.js"
import { signerProblems } from "../protocol/signerOptions.js"

/** Whether a value that is a source or a signer is a signer, valid or not. */
export const isSigner = (value: unknown): value is Signer =>
  isRecord(value) && !Effect.isEffect(value) && !Redacted.isRedacted(value)

/** By which signers are compared, in every process that has them. */
export const identityOf = ({ algorithm, keyId, publicKey }: Signer): Redacted.Redacted<string> =>
  Redacted.make(JSON.stringify([algorithm, keyId, publicMembers({ ...publicKey })]))

/** The problems of a signer, by the path of the option that it is. */
export const problems = (option: string, value: unknown): ReadonlyArray<Problem> =>
  signerProblems(value).map(({ expected, setting }) => ({
    setting: setting === "" ? option : `${option}.${setting}`,
    expected
  }))
