/**
 * Effects that a program gives to the library, such as one that reads a secret: whatever becomes of them is a result, so
 * that none of them interrupts a call or holds it up for ever.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { abandonable } from "../seam/fiber.js"

/** Fails with what `onDefect` makes of an exception, and of an interruption that the effect itself ended with. */
export const settled = <A, E, E2, R>(
  effect: Effect.Effect<A, E, R>,
  onDefect: (defect: unknown) => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.catchAllCause(effect, (cause) =>
    Effect.fail(
      Option.match(Cause.failureOption(cause), {
        onNone: () => onDefect(Cause.squash(cause)),
        onSome: (error) => error
      })
    ))

/** As `settled`; fails with `onTimeout` after the limit, even when the effect cannot be interrupted. */
export const bounded = <A, E, E2, E3, R>(
  effect: Effect.Effect<A, E, R>,
  options: {
    readonly limit: Duration.DurationInput
    readonly onDefect: (defect: unknown) => E2
    readonly onTimeout: () => E3
  }
): Effect.Effect<A, E | E2 | E3, R> =>
  Effect.timeoutFail(abandonable(settled(effect, options.onDefect)), {
    duration: options.limit,
    onTimeout: options.onTimeout
  })
