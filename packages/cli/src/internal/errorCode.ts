/**
 * The code of a system error, such as `ENOENT`. No other part of the error is shown.
 */
import { codeOf } from "../../../client-credentials/dist/internal/protocol/foreignError.js"

export const of = (error: unknown): string => codeOf(error) ?? "no code"
