/**
 * Token stores: in memory, in files, and the contract of every store.
 *
 * **When to use**
 *
 * Use `layerFiles` for processes of one machine, `layerMemory` for several clients of one process and for tests,
 * `@effect-oauth/redis` or `@effect-oauth/sql` for several machines. `TokenStoreTest` of `@effect-oauth/testing` tests
 * a custom store.
 *
 * **Gotchas**
 *
 * A key-value store without an atomic compare-and-swap cannot keep the contract: two processes would lose each other's
 * token and count.
 *
 * @since 3.0.0
 */
import type * as Duration from "effect/Duration"
import type * as Either from "effect/Either"
import * as Record from "effect/Record"

import * as rules from "./internal/config/rules.js"
import { validate } from "./internal/config/rules.js"
import type { InvalidConfig } from "./InvalidConfig.js"

export {
  /**
   * The result of an operation that has one winner: see `TokenStore/contract`.
   *
   * @since 3.0.0
   * @category models
   */
  type Attempt,
  /**
   * State of a key in a store at one moment: see `TokenStore/contract`.
   *
   * @since 3.0.0
   * @category models
   */
  type Snapshot,
  /**
   * The contract of every store, and the tag of the store in use: see `TokenStore/contract`.
   *
   * @since 3.0.0
   * @category models
   */
  TokenStore
} from "./TokenStore/contract.js"

export {
  /**
   * Provides a store of files in a directory: see `TokenStore/files`.
   *
   * @since 3.0.0
   * @category layers
   */
  layerFiles
} from "./TokenStore/files.js"

export {
  /**
   * Provides a store in memory: see `TokenStore/memory`.
   *
   * @since 3.0.0
   * @category layers
   */
  layerMemory
} from "./TokenStore/memory.js"

const text = (byDefault: string): rules.Rule<string> =>
  rules.parsed({
    default: byDefault,
    expected: "a string of at most 50 characters, without control characters",
    read: (value) => typeof value === "string" && /^[^\x00-\x1f\x7f]{0,50}$/.test(value) ? value : undefined
  })

/**
 * Validates the options of a store on a server, for packages that implement one. `more` are the defaults of its other
 * options, which are booleans or strings; an option of any other name is reported. Returns the settings, with `timeout` in
 * milliseconds, or an `InvalidConfig` with every problem.
 *
 * @example
 * import { TokenStore } from "@effect-oauth/client-credentials"
 * import type { Duration } from "effect"
 *
 * export const settings = (options: { readonly prefix?: string; readonly timeout?: Duration.DurationInput }) =>
 *   TokenStore.validateServerOptions(options, { prefix: "effect-oauth", timeout: "2 seconds" })
 *
 * @since 3.0.0
 * @category validation
 */
export const validateServerOptions = <
  More extends Readonly<Record<string, boolean | string>> = Readonly<Record<never, never>>
>(
  options: object | undefined,
  { prefix, timeout }: { readonly prefix: string; readonly timeout: Duration.DurationInput },
  more?: More
): Either.Either<
  & { readonly prefix: string; readonly timeout: number }
  & {
    readonly [K in keyof More]: More[K] extends boolean ? boolean : string
  },
  InvalidConfig
> => {
  const table: rules.Rules = {
    ...Record.map<string, boolean | string, rules.Rule<boolean | string>>(
      more ?? {},
      (byDefault) => typeof byDefault === "string" ? text(byDefault) : rules.flag(byDefault)
    ),
    prefix: text(prefix),
    timeout: rules.positiveDuration(timeout)
  }
  return validate<rules.Rules, object>(table, options === undefined ? {} : options) as ReturnType<
    typeof validateServerOptions<More>
  >
}
