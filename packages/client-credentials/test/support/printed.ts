import { format, inspect } from "node:util"

import { Cause, Inspectable } from "effect"

import { logged } from "./loggers.js"

/** Returns every form in which a person or a tool may print a value. */
export const printed = (value: unknown): string =>
  [
    inspect(value, { depth: Infinity, showHidden: true }),
    // As console.log prints.
    format(value),
    format("%s %o %j", value, value, value),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.message} ${value.stack}` : "",
    Cause.pretty(Cause.fail(value)),
    Inspectable.toStringUnknown(value),
    ...logged(value)
  ].join("\n")
