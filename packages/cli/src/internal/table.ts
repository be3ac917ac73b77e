/**
 * A table, drawn with lines, that fits a terminal: cells wrap between words, and widths are those of the cells that
 * characters take.
 */
import { width, wrapTo } from "./wrap.js"

export type Align = "left" | "right"

const longestWord = (text: string): number => Math.max(0, ...text.split(/\s+/).map(width))

/** Narrows the widest columns, without cutting words. */
const fitted = (
  widths: ReadonlyArray<number>,
  least: ReadonlyArray<number>,
  room: number
): ReadonlyArray<number> => {
  const fit = [...widths]
  for (let excess = fit.reduce((sum, one) => sum + one, 0) - room; excess > 0; excess -= 1) {
    const [widest] = fit.map((one, column) => ({ column, one, spare: one - (least[column] ?? 0) }))
      .filter(({ spare }) => spare > 0)
      .sort((one, other) => other.one - one.one)
    if (widest === undefined) break
    fit[widest.column] = widest.one - 1
  }
  return fit
}

/** Names and values, one pair a line; values that are too long wrap beside their names. */
export const list = (pairs: ReadonlyArray<readonly [string, string]>, room = Infinity): string => {
  const widest = Math.max(0, ...pairs.map(([name]) => width(name))) + 2
  return pairs.map(([name, value]) => {
    const text = width(value) <= room - widest ? value : wrapTo(value, Math.max(20, room - widest))
    return name + " ".repeat(widest - width(name)) + text.replaceAll("\n", `\n${" ".repeat(widest)}`)
  }).join("\n")
}

/** Formats row by row, if the width is too small for a table. */
const blocks = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>, room: number): string =>
  rows.map((row) =>
    list(head.flatMap((name, column) => (row[column] ?? "") === "" ? [] : [[name, row[column] ?? ""] as const]), room)
  ).join("\n\n")

export const draw = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  align: ReadonlyArray<Align> = [],
  room = Infinity
): string => {
  const columns = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, column) => column)
  const most = (measure: (text: string) => number) =>
    columns.map((column) => Math.max(0, ...rows.map((row) => measure(row[column] ?? ""))))
  const roomOfCells = room - 3 * columns.length - 1
  const least = most(longestWord)
  const [head = [], ...body] = rows
  if (least.reduce((sum, one) => sum + one, 0) > roomOfCells) return blocks(head, body, room)
  const widths = fitted(most(width), least, roomOfCells)
  const line = (row: ReadonlyArray<string>): string => {
    const cells = widths.map((size, column) => {
      const text = row[column] ?? ""
      return (width(text) <= size ? text : wrapTo(text, size)).split("\n")
    })
    const height = Math.max(1, ...cells.map((cell) => cell.length))
    return Array.from({ length: height }, (_, at) => {
      const parts = widths.map((size, column) => {
        const text = cells[column]?.[at] ?? ""
        const space = " ".repeat(Math.max(0, size - width(text)))
        return align[column] === "right" ? space + text : text + space
      })
      return `│ ${parts.join(" │ ")} │`
    }).join("\n")
  }
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((one) => "─".repeat(one + 2)).join(middle) + right
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("└", "┴", "┘")].join("\n")
}
