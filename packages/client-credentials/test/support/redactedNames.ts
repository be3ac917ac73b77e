/** The headers that the platform shows by their names only. */
import { Headers } from "@effect/platform"
import { FiberRef } from "effect"

export const redactedNames = FiberRef.get(Headers.currentRedactedNames)
