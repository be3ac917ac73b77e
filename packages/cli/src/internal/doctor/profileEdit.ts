/**
 * A change written into the text of a profile: comments, order, quotes of other lines and line ends stay as they are.
 */
import * as Either from "effect/Either"

import * as profileText from "../profileText.js"
import { applied, type Change } from "./change.js"

/** A line of the text that differs. */
export interface Difference {
  readonly removed: ReadonlyArray<string>
  readonly added: ReadonlyArray<string>
}

export interface Edited {
  readonly text: string
  readonly differences: ReadonlyArray<Difference>
}

/** The variable that a line sets, with what stands before and after its value. */
const assignment = (line: string) => {
  const [, before = "", variable = "", value = ""] =
    /^(\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=[ \t]*)(.*)$/.exec(line) ??
      []
  const comment = /^(?:'[^']*'|"[^"]*"|`[^`]*`|[^'"`#]*?)(\s+#.*)$/.exec(value)?.[1] ?? ""
  return { variable, before, comment }
}

const written = (variable: string, value: string): Either.Either<string, string> =>
  Either.map(profileText.write({ [variable]: value }), (line) => line.trimEnd().slice(variable.length + 1))

/**
 * Returns the text with the change. Fails with a sentence where the result would not be read as exactly the changed
 * settings, of a value on several lines for example.
 */
export const edit = (text: string, change: Change): Either.Either<Edited, string> =>
  Either.gen(function*() {
    const { set, unset } = change
    const end = text.includes("\r\n") ? "\r\n" : "\n"
    const lines = text.split(/\r?\n/)
    const differences: Array<Difference> = []
    const found = new Set<string>()
    const kept: Array<string> = []
    for (const line of lines) {
      const { before, comment, variable } = assignment(line)
      const value = (set as Readonly<Record<string, string | undefined>>)[variable]
      if (value !== undefined) {
        found.add(variable)
        const next = before + (yield* written(variable, value)) + comment
        if (next !== line) differences.push({ removed: [line], added: [next] })
        kept.push(next)
      } else if (unset.some((name) => name === variable)) differences.push({ removed: [line], added: [] })
      else kept.push(line)
    }
    const isEnded = kept.at(-1) === ""
    if (isEnded) kept.pop()
    for (const [variable, value] of Object.entries(set)) {
      if (found.has(variable)) continue
      const line = `${variable}=${yield* written(variable, value)}`
      differences.push({ removed: [], added: [line] })
      kept.push(line)
    }
    const edited = kept.join(end) + end
    const unreadable = "The profile has lines that cannot be changed safely. Change it by hand."
    const [before, after] = yield* Either.mapLeft(
      Either.all([profileText.read(text), profileText.read(edited)]),
      () => unreadable
    )
    const sorted = (values: profileText.Values) => JSON.stringify(Object.entries(values).sort())
    return sorted(applied(change, before)) === sorted(after)
      ? { text: edited, differences }
      : yield* Either.left(unreadable)
  })
