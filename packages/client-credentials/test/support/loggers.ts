/** The loggers of the platform, as functions. */
import { Cause, Logger } from "effect"
import * as FiberId from "effect/FiberId"
import * as FiberRefs from "effect/FiberRefs"
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import * as LogLevel from "effect/LogLevel"

/** Returns the output of the loggers for a value that is logged as a message and as a cause. */
export const logged = (value: unknown): ReadonlyArray<string> =>
  [Logger.stringLogger, Logger.jsonLogger, Logger.logfmtLogger].map((logger) =>
    logger.log({
      fiberId: FiberId.none,
      logLevel: LogLevel.Error,
      message: [value],
      cause: Cause.fail(value),
      context: FiberRefs.empty(),
      spans: List.empty(),
      annotations: HashMap.empty(),
      date: new Date(0)
    })
  )
