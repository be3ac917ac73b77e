/**
 * Result of a function that may fail, as a plain value for every major version of Effect.
 */
export type Result<A, E> =
  | { readonly _tag: "Success"; readonly value: A }
  | { readonly _tag: "Failure"; readonly error: E }

export const succeed = <A>(value: A): Result<A, never> => ({ _tag: "Success", value })

export const fail = <E>(error: E): Result<never, E> => ({ _tag: "Failure", error })
