/**
 * Log of a program without Effect.
 */
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

import { textOf } from "../protocol/logText.js"

/** Passes each log line to a function, in place of the platform's logger. */
export const layer = (write: (level: string, message: string) => void): Layer.Layer<never> =>
  Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => write(logLevel.label, textOf(message)))
  )
