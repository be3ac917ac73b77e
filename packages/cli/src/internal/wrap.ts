/**
 * Text in lines that fit a terminal: it wraps between words, and widths are those of the cells that characters take.
 */
import stringWidth from "fast-string-width"
import { wrapAnsi } from "fast-wrap-ansi"

export const width = (text: string): number => stringWidth(text)

/** Wraps text to this width, which may be infinite. Longer words are cut. */
export const wrapTo = (text: string, columns: number): string =>
  Number.isFinite(columns) ? wrapAnsi(text, columns, { hard: true }) : text

/** Wraps text, and indents all lines but the first. */
export const wrap = (text: string, columns: number, indent = 0): string =>
  wrapTo(text, Math.max(20, columns - indent)).replaceAll("\n", `\n${" ".repeat(indent)}`)

/** The smallest width of a column of descriptions. */
const narrowest = 24

/**
 * Formats names and descriptions in two columns. If a name is too wide, its description begins on the next line, and so do all
 * of them on a narrow terminal.
 */
export const pairs = (all: ReadonlyArray<readonly [name: string, text: string]>, columns: number): string => {
  const beside = Math.min(26, Math.max(0, ...all.map(([name]) => width(name)))) + 4
  const indent = columns - beside < narrowest ? 6 : beside
  return all.map(([name, text]) => {
    const room = indent - 2 - width(name)
    const space = room < 2 ? `\n${" ".repeat(indent)}` : " ".repeat(room)
    return `  ${name}${space}${wrap(text, columns, indent)}`
  }).join("\n")
}
