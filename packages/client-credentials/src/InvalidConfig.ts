/**
 * The error of an invalid configuration.
 *
 * @since 3.0.0
 */
import * as Data from "effect/Data"

import * as messages from "./internal/protocol/messages.js"

/**
 * An invalid configuration. Names each setting and the expected value, never the value found.
 *
 * @since 3.0.0
 * @category errors
 */
export class InvalidConfig extends Data.TaggedError("InvalidConfig")<{
  readonly problems: ReadonlyArray<{ readonly setting: string; readonly expected: string }>
}> {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return messages.invalidConfig(this.problems)
  }
}
