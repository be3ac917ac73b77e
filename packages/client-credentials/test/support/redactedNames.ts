/** The headers whose values the platform redacts. */
import { Headers } from "@effect/platform"
import { FiberRef } from "effect"

export const redactedNames = FiberRef.get(Headers.currentRedactedNames)
