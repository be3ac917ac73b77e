/** The headers that the platform shows by their names only. In Effect 4, they are a reference. */
import { Effect } from "effect"
import { Headers } from "effect/http"

export const redactedNames = Effect.service(Headers.CurrentRedactedNames)
