/**
 * Examples in documentation comments, which are rewritten like other code.
 */

/** Code within a source file, identified by its position. */
export interface Example {
  readonly start: number
  readonly end: number
  /** Code without the comment markers. */
  readonly code: string
  /** Prefix of each line of the code in the file. */
  readonly margin: string
}

/** The examples of a source file: what follows `@example`, up to the next tag or the end of the comment. */
export const inComments = (text: string): ReadonlyArray<Example> =>
  [...text.matchAll(/^( *)\* @example\n((?:\1\*(?! @\w+\b(?! ?\/)|\/).*\n)+)/gm)].map((found) => {
    const [whole, indent = "", lines = ""] = found
    const start = found.index + whole.length - lines.length
    const margin = `${indent}* `
    const code = lines.split("\n").map((line) => line.slice(margin.length)).join("\n")
    return { start, end: start + lines.length, code, margin }
  })

/** Returns code in the form that it has in the file. */
export const placed = ({ code, margin }: Pick<Example, "code" | "margin">): string =>
  code.split("\n").map((line, index, all) =>
    index === all.length - 1 && line === "" ? "" : `${margin}${line}`.trimEnd()
  ).join("\n")
