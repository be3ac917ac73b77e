import * as Effect from "effect/Effect"

import type { Client } from "./contender.js"

const check = (status: number): void => {
  if (status !== 200) throw new Error(`Expected a call to be answered with 200, got ${status}`)
}

/** So many calls, by so many callers at once, each of which makes its next call when the last one was answered. */
export const repeat = async ({ call, inEffect }: Client, calls: number, callers: number): Promise<void> => {
  if (inEffect !== undefined) {
    const one = Effect.map(inEffect.call, check)
    await inEffect.run(
      Effect.forEach(Array.from({ length: calls }), () => one, { concurrency: callers, discard: true })
    )
    return
  }
  let left = calls
  const caller = async () => {
    while (left-- > 0) check(await call())
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
