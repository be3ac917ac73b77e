/**
 * The examples in documentation comments: code that is rewritten as other code is.
 */

/** Code in a text, which is found by its position. */
export interface Example {
  readonly start: number
  readonly end: number
  /** The code, without what makes it part of a comment. */
  readonly code: string
  /** What each line of the code begins with in the text. */
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

/** Code as it stands in the text. */
export const placed = ({ code, margin }: Pick<Example, "code" | "margin">): string =>
  code.split("\n").map((line, index, all) =>
    index === all.length - 1 && line === "" ? "" : `${margin}${line}`.trimEnd()
  ).join("\n")
