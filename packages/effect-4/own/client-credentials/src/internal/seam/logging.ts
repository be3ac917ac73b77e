/**
 * Log of a program without Effect. In Effect 4, loggers are a list, and levels are strings.
 */
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

import { textOf } from "../protocol/logText.js"

/** Passes each log line to a function, in place of the platform's logger. */
export const layer = (write: (level: string, message: string) => void): Layer.Layer<never> =>
  Logger.layer([Logger.make(({ logLevel, message }) => write(logLevel.toUpperCase(), textOf(message)))])
