/**
 * Every call is accounted for: it was made, and it succeeded or failed for a reason.
 */
import { Cause, Effect, type Exit } from "effect"

export interface Tally {
  readonly made: () => number
  readonly underWay: () => number
  /** By what came of them: a status, or the tag of an error. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly count: <A extends { readonly status: number }, E extends { readonly _tag: string }, R>(
    call: Effect.Effect<A, E, R>
  ) => Effect.Effect<void, never, R>
}

const reason = (exit: Exit.Exit<{ readonly status: number }, { readonly _tag: string }>): string => {
  if (exit._tag === "Success") return String(exit.value.status)
  const [failure] = Cause.failures(exit.cause)
  return failure?._tag ??
    (Cause.isInterruptedOnly(exit.cause) ? "interrupted" : `${defect}: ${Cause.pretty(exit.cause)}`)
}

const defect = "a defect"

/** An outcome that is no reason: nobody can be told what to do about it. */
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

/** How many are neither under way nor ended: none, ever. */
export const missing = ({ made, outcomes, underWay }: Tally): number =>
  made() - underWay() - [...outcomes.values()].reduce((sum, count) => sum + count, 0)
