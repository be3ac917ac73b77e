/**
 * Changes of a profile, line by line: comments, order, quotes of other lines and line ends stay as they are.
 */
import * as Either from "effect/Either"

import * as profileText from "../profileText.js"
import { applied, type Change } from "./change.js"

/** A line that differs. */
export interface Difference {
  readonly removed: ReadonlyArray<string>
  readonly added: ReadonlyArray<string>
}

export interface Edited {
  readonly text: string
  readonly differences: ReadonlyArray<Difference>
}

/** The variable that a line sets, with the parts before and after its value. */
const assignment = (line: string) => {
  const [, before = "", variable = "", value = ""] =
    /^(\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=[ \t]*)(.*)$/.exec(line) ??
      []
  const comment = /^(?:'[^']*'|"[^"]*"|`[^`]*`|[^'"`#]*?)(\s+#.*)$/.exec(value)?.[1] ?? ""
  return { variable, before, comment }
}

const written = (variable: string, value: string): Either.Either<string, string> =>
  Either.map(profileText.write({ [variable]: value }), (line) => line.trimEnd().slice(variable.length + 1))

const unreadable = "It has lines that cannot be changed safely. Change it by hand."

const edited = (text: string, { set, unset }: Change, keepsComments: boolean): Either.Either<Edited, string> =>
  Either.gen(function*() {
    const end = text.includes("\r\n") ? "\r\n" : "\n"
    const differences: Array<Difference> = []
    const found = new Set<string>()
    const kept: Array<string> = []
    for (const line of text.split(/\r?\n/)) {
      const { before, comment, variable } = assignment(line)
      const value = (set as Readonly<Record<string, string | undefined>>)[variable]
      if (value !== undefined) {
        found.add(variable)
        const next = before + (yield* written(variable, value)) + (keepsComments ? comment : "")
        if (next !== line) differences.push({ removed: [line], added: [next] })
        kept.push(next)
      } else if (unset.some((name) => name === variable)) differences.push({ removed: [line], added: [] })
      else kept.push(line)
    }
    if (kept.at(-1) === "") kept.pop()
    for (const [variable, value] of Object.entries(set)) {
      if (found.has(variable)) continue
      const line = `${variable}=${yield* written(variable, value)}`
      differences.push({ removed: [], added: [line] })
      kept.push(line)
    }
    return { text: kept.map((line) => line + end).join(""), differences }
  })

const sorted = (values: profileText.Values): string => JSON.stringify(Object.entries(values).sort())

/**
 * Returns the profile with the change. Fails with a sentence where the result would not be read as exactly the changed
 * settings, of a value on several lines for example.
 */
export const edit = (text: string, change: Change): Either.Either<Edited, string> =>
  Either.gen(function*() {
    const before = yield* Either.mapLeft(profileText.read(text), () => unreadable)
    const wanted = sorted(applied(change, before))
    for (const keepsComments of [true, false]) {
      const found = yield* edited(text, change, keepsComments)
      const after = profileText.read(found.text)
      if (Either.isRight(after) && sorted(after.right) === wanted) return found
    }
    return yield* Either.left(unreadable)
  })
