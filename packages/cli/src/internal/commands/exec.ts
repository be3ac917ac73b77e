/**
 * `effect-oauth exec`: runs a program with a token in its environment.
 */
import * as Effect from "effect/Effect"

import { usage } from "../Failure.js"
import * as handedOver from "../handedOver.js"
import * as obtain from "../obtain.js"
import type { Common, Ended } from "../run.js"
import type { Screen } from "../Screen.js"
import * as settings from "../settings.js"

export interface Options extends Common, obtain.Options {
  readonly args: ReadonlyArray<string>
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const [file, ...args] = options.args
    if (file === undefined) {
      return yield* usage("A program is missing.", "Write effect-oauth exec -- PROGRAM ARGUMENTS.")
    }
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    return handedOver.run({ file, args }, yield* obtain.token(chosen, options), chosen)
  })
