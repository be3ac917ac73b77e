import type { Client, Loaded } from "./contender.js"

export const check = (status: number): void => {
  if (status !== 200) throw new Error(`Expected status 200, got ${status}`)
}

/** Sends calls by promises. */
export const repeat: Loaded["repeat"] = async ({ call }: Client, calls, callers) => {
  let left = calls
  const caller = async () => {
    while (left-- > 0) check(await call())
  }
  await Promise.all(Array.from({ length: callers }, caller))
}
