/**
 * A table, drawn with lines.
 */
import { strip } from "./ansi.js"

export type Align = "left" | "right"

const width = (text: string): number => [...strip(text)].length

export const draw = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  align: ReadonlyArray<Align> = []
): string => {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(0, ...rows.map((row) => width(row[column] ?? "")))
  )
  const cell = (row: ReadonlyArray<string>, column: number): string => {
    const text = row[column] ?? ""
    const space = " ".repeat((widths[column] ?? 0) - width(text))
    return align[column] === "right" ? space + text : text + space
  }
  const line = (row: ReadonlyArray<string>) => `│ ${widths.map((_, column) => cell(row, column)).join(" │ ")} │`
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((one) => "─".repeat(one + 2)).join(middle) + right
  const [head = [], ...body] = rows
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n")
}

/** Names and values, one pair a line. */
export const list = (pairs: ReadonlyArray<readonly [string, string]>): string => {
  const widest = Math.max(0, ...pairs.map(([name]) => width(name)))
  return pairs.map(([name, value]) => `${name}${" ".repeat(widest - width(name))}  ${value}`).join("\n")
}
