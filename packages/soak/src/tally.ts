/**
 * Accounts for every call: it was made, and it succeeded or failed with a reason.
 */
import { Cause, Effect, type Exit, Option } from "effect"

export interface Tally {
  readonly made: () => number
  readonly underWay: () => number
  /** Counts by outcome: a status, or the tag of an error. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly count: <A extends { readonly status: number }, E extends { readonly _tag: string }, R>(
    call: Effect.Effect<A, E, R>
  ) => Effect.Effect<void, never, R>
}

const reason = (exit: Exit.Exit<{ readonly status: number }, { readonly _tag: string }>): string => {
  if (exit._tag === "Success") return String(exit.value.status)
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  return failure?._tag ??
    (Cause.isInterruptedOnly(exit.cause) ? "interrupted" : `${defect}: ${Cause.pretty(exit.cause)}`)
}

const defect = "a defect"

/** Returns true for an outcome without a reason that a user could act on. */
export const isDefect = (outcome: string): boolean => outcome.startsWith(defect)

export const make = (): Tally => {
  let made = 0
  let underWay = 0
  const outcomes = new Map<string, number>()
  return {
    made: () => made,
    underWay: () => underWay,
    outcomes,
    count: (call) =>
      Effect.suspend(() => {
        made += 1
        underWay += 1
        return Effect.asVoid(
          Effect.onExit(call, (exit) =>
            Effect.sync(() => {
              const outcome = reason(exit)
              underWay -= 1
              outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            }))
        )
      }).pipe(Effect.catchAllCause(() => Effect.void))
  }
}

/** Returns the number of calls that are neither in progress nor ended, which must be 0. */
export const missing = ({ made, outcomes, underWay }: Tally): number =>
  made() - underWay() - [...outcomes.values()].reduce((sum, count) => sum + count, 0)
