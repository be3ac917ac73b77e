/**
 * Loads the code that only some options need.
 */
import * as Effect from "effect/Effect"

/** Returns the modules of that code. */
export const loadOptional = /*#__PURE__*/ Effect.promise(() => import("./optional.js"))
