/**
 * `effect-oauth token`: prints a token, or passes it to a command.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { usage } from "../Failure.js"
import * as handedOver from "../handedOver.js"
import * as obtain from "../obtain.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import * as tokenFormat from "../tokenFormat.js"

export interface Options extends Common, obtain.Options {
  readonly json: boolean
  readonly header: boolean
  readonly format: Option.Option<tokenFormat.Format>
  readonly exec: Option.Option<string>
}

/** The format that the options name, of which there may be one. */
const formatOf = ({ exec, format, header, json }: Options) => {
  const named = [
    ...Option.toArray(format),
    ...(json ? ["json" as const] : []),
    ...(header ? ["header" as const] : [])
  ]
  return named.length + (Option.isSome(exec) ? 1 : 0) > 1
    ? usage("--format, --json, --header and --exec exclude each other.", "Use one of them.")
    : Effect.succeed(named[0] ?? "token")
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const format = yield* formatOf(options)
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    const token = yield* obtain.token(chosen, options)
    if (Option.isSome(options.exec)) return handedOver.run({ line: options.exec.value }, token, chosen)
    const { print } = yield* Screen
    yield* print(yield* tokenFormat.write(format, token))
    return "success" as const
  })
