/** Causes that tests expect to be one typed error. */
import { Cause, Option } from "effect"

/** Returns the error of a cause that contains nothing else: no defect, no interruption. */
export const errorOf = <E>(cause: Cause.Cause<E>): E | undefined =>
  Cause.isDie(cause) || Cause.isInterrupted(cause) ? undefined : Option.getOrUndefined(Cause.failureOption(cause))
