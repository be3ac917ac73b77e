/**
 * Settings with a mistake in them.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

import * as optionRules from "./internal/config/rules.js"

/**
 * A configuration with a mistake in it: names each setting and what it should be, never what it was.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidConfig extends Schema.TaggedError<InvalidConfig>(
  "@effect-oauth/client-credentials/InvalidConfig"
)("InvalidConfig", {
  problems: Schema.Array(Schema.Struct({ setting: Schema.String, expected: Schema.String }))
}) {
  /** Always false. */
  get retryable(): boolean {
    return false
  }
  override get message(): string {
    return this.problems.map(({ expected, setting }) => `${setting}: expected ${expected}`).join("\n")
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
