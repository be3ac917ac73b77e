import { format, inspect } from "node:util"

import { Cause, Inspectable, Logger } from "effect"
import * as FiberId from "effect/FiberId"
import * as FiberRefs from "effect/FiberRefs"
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import * as LogLevel from "effect/LogLevel"

/** Everything that a person or a tool may print of a value. */
export const printed = (value: unknown): string =>
  [
    inspect(value, { depth: Infinity, showHidden: true }),
    // What console.log does.
    format(value),
    format("%s %o %j", value, value, value),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.message} ${value.stack}` : "",
    Cause.pretty(Cause.fail(value)),
    Inspectable.toStringUnknown(value),
    ...[Logger.stringLogger, Logger.jsonLogger, Logger.logfmtLogger].map((logger) =>
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
  ].join("\n")
