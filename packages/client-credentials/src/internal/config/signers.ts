/**
 * Compares and validates signers as options. Separate from `isSigner`, which is all that programs without signers need.
 */
import * as Redacted from "effect/Redacted"

import type { Signer } from "../../Signer.js"
import type { Problem } from "../protocol/options.js"
import { publicMembers } from "../protocol/publicKey.js"
import { signerProblems } from "../protocol/signerOptions.js"

/**
 * Returns the identity of a signer, which is equal in every process that uses it. A previous signer without key id and public
 * key has another one than the current signer: nothing shows that their keys are the same.
 */
export const identityOf = ({ algorithm, keyId, publicKey }: Signer, isPrevious: boolean): Redacted.Redacted<string> => {
  const isNamed = keyId !== undefined || publicKey !== undefined
  return Redacted.make(
    JSON.stringify([algorithm, keyId, publicMembers({ ...publicKey }), ...(isPrevious && !isNamed ? ["previous"] : [])])
  )
}

/** Returns the problems of a signer, with the path of its option. */
export const problems = (option: string, value: unknown): ReadonlyArray<Problem> =>
  signerProblems(value).map(({ expected, setting }) => ({
    setting: setting === "" ? option : `${option}.${setting}`,
    expected
  }))
