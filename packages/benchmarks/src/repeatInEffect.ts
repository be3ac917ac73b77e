import * as Effect from "effect/Effect"

import type { Loaded } from "./contender.js"
import { check, repeat as repeatByPromises } from "./repeat.js"

/** Sends calls in one run of Effect, and in one trace if they are traced. */
export const repeat: Loaded["repeat"] = async (client, calls, callers, isTraced = false) => {
  if (client.inEffect === undefined) return repeatByPromises(client, calls, callers)
  const { call, run } = client.inEffect
  const one = Effect.map(call, check)
  const all = Effect.forEach(Array.from({ length: calls }), () => one, { concurrency: callers, discard: true })
  await run(isTraced ? Effect.withSpan(all, "calls") : all)
}
