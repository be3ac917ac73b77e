/**
 * Changes of a profile, line by line: comments, order, quotes of other lines and line ends stay as they are.
 */
import * as Either from "effect/Either"

import * as profileText from "../profileText.js"
import type { Change } from "./change.js"

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

interface Candidate {
  readonly lines: ReadonlyArray<string>
  readonly difference: Difference
}

const isEqual = (left: profileText.Values, right: profileText.Values): boolean =>
  JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort())

/** Returns the first candidate that is read as wanted. */
const firstRead = (
  candidates: ReadonlyArray<Candidate>,
  isWanted: (values: profileText.Values) => boolean
): Either.Either<Candidate, string> => {
  const found = candidates.find(({ lines }) =>
    Either.match(profileText.read(lines.join("\n")), { onLeft: () => false, onRight: isWanted })
  )
  return found === undefined ? Either.left(unreadable) : Either.right(found)
}

/** The indices of the lines that set a variable, in the order from the last one, which counts. */
const linesOf = (lines: ReadonlyArray<string>, variable: string): ReadonlyArray<number> =>
  lines.flatMap((line, index) => assignment(line).variable === variable ? [index] : []).reverse()

/** The lines with another value of a variable: in one of its lines, or in a new one. */
const withValue = (lines: ReadonlyArray<string>, variable: string, value: string): ReadonlyArray<Candidate> => {
  const changed = linesOf(lines, variable).flatMap((index) => {
    const line = lines[index] ?? ""
    const { before, comment } = assignment(line)
    return [before + value + comment, before + value].map((next) => ({
      lines: lines.map((one, at) => at === index ? next : one),
      difference: { removed: [line], added: [next] }
    }))
  })
  const added = `${variable}=${value}`
  return [...changed, { lines: [...lines, added], difference: { removed: [], added: [added] } }]
}

/** The lines without one of those that set a variable. */
const withoutLine = (lines: ReadonlyArray<string>, variable: string): ReadonlyArray<Candidate> =>
  linesOf(lines, variable).map((index) => ({
    lines: lines.filter((_, at) => at !== index),
    difference: { removed: [lines[index] ?? ""], added: [] }
  }))

const without = (values: profileText.Values, variable: string): profileText.Values =>
  Object.fromEntries(Object.entries(values).filter(([name]) => name !== variable))

/**
 * Returns the profile with the change. Each line to change is chosen by reading the result, since a variable can be set
 * twice, and a value on several lines can contain what looks like a setting. Fails with a sentence where no line leads to
 * exactly the changed settings.
 */
export const edit = (text: string, { set, unset }: Change): Either.Either<Edited, string> =>
  Either.gen(function*() {
    const end = text.includes("\r\n") ? "\r\n" : "\n"
    const read = (all: ReadonlyArray<string>) => Either.mapLeft(profileText.read(all.join("\n")), () => unreadable)
    const differences: Array<Difference> = []
    let lines: ReadonlyArray<string> = text.replace(/\r?\n$/, "").split(/\r?\n/)
    if (text === "" || text === "\ufeff") lines = []
    for (const variable of unset) {
      const others = without(yield* read(lines), variable)
      while ((yield* read(lines))[variable] !== undefined) {
        const found = yield* firstRead(
          withoutLine(lines, variable),
          (after) => isEqual(without(after, variable), others)
        )
        differences.push(found.difference)
        lines = found.lines
      }
    }
    for (const [variable, value] of Object.entries(set)) {
      const before = yield* read(lines)
      if (before[variable] === value) continue
      const wanted = { ...before, [variable]: value }
      const candidates = withValue(lines, variable, yield* written(variable, value))
      const found = yield* firstRead(candidates, (after) => isEqual(after, wanted))
      differences.push(found.difference)
      lines = found.lines
    }
    return { text: lines.map((line) => line + end).join(""), differences }
  })
