/**
 * Keys for `TokenSeal`: as good as random, and the same for the same number.
 */
import { createHash } from "node:crypto"

import { Redacted } from "effect"

export const sealKey = (number: number): Redacted.Redacted<string> =>
  Redacted.make(createHash("sha256").update(`key ${number}`).digest("base64"))
