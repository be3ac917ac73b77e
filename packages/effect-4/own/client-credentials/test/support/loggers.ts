/** The loggers of the platform, as functions. In Effect 4, they look at the fiber that logs. */
import { Cause, Effect, Logger } from "effect"

/** Returns the output of the loggers for a value that is logged as a message and as a cause. */
export const logged = (value: unknown): ReadonlyArray<string> =>
  Effect.runSync(Effect.withFiber((fiber) =>
    Effect.succeed(
      [Logger.formatSimple, Logger.formatJson, Logger.formatLogFmt].map((logger) =>
        logger.log({
          fiber,
          logLevel: "Error",
          message: [value],
          cause: Cause.fail(value),
          date: new Date(0)
        })
      )
    )
  ))
