/**
 * The store of a fleet, which services open by variables that this command does not read: it has only the files of this machine.
 */
import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"
import { listed } from "./nearest.js"
import { Screen } from "./Screen.js"
import type { Settings } from "./settings.js"

/** The variables by which services open their store and its seal. */
const variables = [
  "REDIS_URL",
  "UPSTASH_REDIS_REST_URL",
  "DATABASE_URL",
  "TOKEN_STORE_DIR",
  "TOKEN_STORE_KEY",
  "TOKEN_STORE_KEY_FILE"
] as const

const guide = "https://github.com/effect-oauth/effect-oauth/blob/main/guides/fleets.md#show-and-reset-the-count"

/** Returns the variables that are set, for a sentence; undefined if none is. */
const set = ({ values }: Settings): string | undefined => {
  const found = variables.filter((name) => Boolean(process.env[name]) || Boolean(values[name]))
  return found.length === 0 ? undefined : `${listed(found, "and")} ${found.length === 1 ? "is" : "are"} set`
}

/** Warns that another store may be meant. */
export const noted = (chosen: Settings): Effect.Effect<void, never, Screen> =>
  Effect.gen(function*() {
    const found = set(chosen)
    if (found === undefined) return
    const { err, note } = yield* Screen
    yield* note(
      `${
        err.yellow("warning:")
      } ${found}, but this command reads only the files of this machine. Tokens and the count of a ` +
        `fleet are in its own store: ${guide}`
    )
  })

/** Fails if another store may be meant, so that no script takes its count for reset. */
export const rejected = (chosen: Settings): Effect.Effect<void, Failure> =>
  Effect.suspend(() => {
    const found = set(chosen)
    return found === undefined ? Effect.void : new Failure({
      outcome: "configuration",
      message: `${found}, but this command resets only the count in the files of this machine. Nothing was reset.`,
      remedy:
        `Reset the count of a fleet in its own store: ${guide}. For the files of this machine, unset the variables.`
    })
  })
