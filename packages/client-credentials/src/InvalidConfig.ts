/**
 * Invalid configuration.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Either from "effect/Either"

import * as optionRules from "./internal/config/rules.js"
import * as messages from "./internal/protocol/messages.js"

/**
 * An invalid configuration: names each setting and what it should be, never what it was.
 *
 * @since 0.1.0
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

/**
 * Validates the options of a group and returns its settings.
 *
 * @internal
 */
export const validate = <const R extends optionRules.Rules, O extends object>(
  rules: R,
  options: O & optionRules.Ruled<O, R>
): Either.Either<optionRules.Settings<R>, InvalidConfig> =>
  Either.mapLeft(optionRules.validate(rules, options), (problems) => new InvalidConfig({ problems }))
