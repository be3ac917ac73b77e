/** Fibers that are looked at, and not waited for. */
import type { Exit, Fiber } from "effect"

/** How a fiber ended; undefined while it runs. */
export const exitOf = <A, E>(fiber: Fiber.RuntimeFiber<A, E>): Exit.Exit<A, E> | undefined =>
  fiber.unsafePoll() ?? undefined
