/** Fibers that are inspected without waiting for them. */
import type { Exit, Fiber } from "effect"

/** Returns the exit of a fiber; undefined while it runs. */
export const exitOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Exit.Exit<A, E> | undefined =>
  fiber.unsafePoll() ?? undefined
