/**
 * Signers as options: how they are compared and validated. Apart from `isSigner`, since programs without signers need no more
 * than that.
 */
import * as Redacted from "effect/Redacted"

import type { Signer } from "../../Signer.js"
import type { Problem } from "../protocol/options.js"
import { publicMembers } from "../protocol/publicKey.js"
import { signerProblems } from "../protocol/signerOptions.js"

/** By which signers are compared, in every process that has them. */
export const identityOf = ({ algorithm, keyId, publicKey }: Signer): Redacted.Redacted<string> =>
  Redacted.make(JSON.stringify([algorithm, keyId, publicMembers({ ...publicKey })]))

/** The problems of a signer, by the path of the option that it is. */
export const problems = (option: string, value: unknown): ReadonlyArray<Problem> =>
  signerProblems(value).map(({ expected, setting }) => ({
    setting: setting === "" ? option : `${option}.${setting}`,
    expected
  }))
