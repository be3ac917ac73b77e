/**
 * Budget of a client as its cache uses it. Apart from `IssuanceBudget`, so that a client without a budget does not load its code.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

import type { TokenRequest } from "../../TokenRequest.js"

export interface Budget {
  /** Number of tokens that may still be requested; undefined while it is unknown. */
  readonly left: Effect.Effect<number | undefined>
  /** Returns whether a token may be requested with this request now. */
  readonly hasRoom: (request: TokenRequest) => Effect.Effect<boolean>
}

/** The tag of `IssuanceBudget`, by its key. */
export const CurrentBudget = Context.GenericTag<Budget>("@effect-oauth/client-credentials/IssuanceBudget")
