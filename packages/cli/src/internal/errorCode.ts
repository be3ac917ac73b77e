/**
 * The code of a system's error, such as `ENOENT`, which is all that is shown of it.
 */
import { codeOf } from "../../../client-credentials/dist/internal/protocol/foreignError.js"

export const of = (error: unknown): string => codeOf(error) ?? "no code"
