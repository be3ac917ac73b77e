/**
 * Bar charts as SVG: one picture for light pages and one for dark ones.
 */
import { isOurs } from "./contenders.js"
import { show } from "./numbers.js"
import { isValue, type Row, type Table } from "./result.js"

export type Theme = "light" | "dark"

interface Colors {
  readonly text: string
  readonly muted: string
  readonly ours: string
  readonly other: string
  readonly bare: string
  readonly spread: string
}

const colors: Readonly<Record<Theme, Colors>> = {
  light: {
    text: "#1f2328",
    muted: "#59636e",
    ours: "#0969da",
    other: "#8c959f",
    bare: "#d1d9e0",
    spread: "#1f2328"
  },
  dark: {
    text: "#f0f6fc",
    muted: "#9198a1",
    ours: "#4493f8",
    other: "#656c76",
    bare: "#3d444d",
    spread: "#f0f6fc"
  }
}

const line = 20
const nameWidth = 180
const barWidth = 260
const numberWidth = 90
const panelWidth = nameWidth + barWidth + numberWidth
const gap = 24
const heading = 40

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\"", "&quot;")

const text = (x: number, y: number, content: string, color: string, more = ""): string =>
  `<text x="${x}" y="${y}" fill="${color}"${more}>${escape(content)}</text>`

/** Scales bars logarithmically if the small ones would be invisible otherwise. */
const scale = (rows: ReadonlyArray<Row>): { readonly length: (value: number) => number; readonly isLog: boolean } => {
  const values = rows.filter(isValue).map(({ median }) => median).filter((value) => value > 0)
  const most = Math.max(...values, 1e-9)
  const least = Math.min(...values, most)
  const isLog = most / least > 100
  const length = (value: number) => {
    if (value <= 0) return 0
    const share = isLog ? Math.log10(1 + 9 * value / least) / Math.log10(1 + 9 * most / least) : value / most
    return Math.min(1, share) * barWidth
  }
  return { length, isLog }
}

const height = ({ rows }: Table): number => heading + rows.length * line

const panel = ({ better, rows, title, unit }: Table, theme: Theme, left: number, top: number): string => {
  const color = colors[theme]
  const { isLog, length } = scale(rows)
  const bars = rows.map((row, index) => {
    const y = top + heading + index * line
    const own = isOurs(row.contender)
    const name = text(
      left + nameWidth - 8,
      y + 14,
      row.contender,
      color.text,
      ` text-anchor="end"${own ? " font-weight=\"600\"" : ""}`
    )
    if (!isValue(row)) return name + text(left + nameWidth, y + 14, "—", color.muted)
    const { high, low, median } = row
    const fill = own ? color.ours : row.contender.startsWith("bare ") ? color.bare : color.other
    const start = left + nameWidth
    const bar = `<rect x="${start}" y="${y + 4}" width="${length(median).toFixed(1)}" height="12" fill="${fill}"/>`
    const from = (start + length(low)).toFixed(1)
    const to = (start + length(high)).toFixed(1)
    const spread = high > low && length(high) > 0
      ? `<path d="M${from} ${y + 10}H${to}" stroke="${color.spread}" stroke-width="1.5"/>`
      : ""
    const numberAt = start + Math.max(length(median), length(high)) + 6
    return name + bar + spread + text(Number(numberAt.toFixed(1)), y + 14, show(median, unit), color.text)
  })
  const hint = `${better} is better${isLog ? "; logarithmic" : ""}`
  return [
    text(left, top + 14, title, color.text, " font-weight=\"600\""),
    text(left, top + 30, hint, color.muted, " font-size=\"10\""),
    ...bars
  ].join("\n")
}

/** Draws the panels in a number of columns. */
export const plot = (tables: ReadonlyArray<Table>, theme: Theme, columns: number): string => {
  const rows = Array.from(
    { length: Math.ceil(tables.length / columns) },
    (_, index) => tables.slice(index * columns, (index + 1) * columns)
  )
  const heights = rows.map((row) => Math.max(...row.map(height)))
  const tops = heights.map((_, index) => gap / 2 + heights.slice(0, index).reduce((sum, one) => sum + one + gap, 0))
  const width = columns * panelWidth + (columns + 1) * gap
  const whole = heights.reduce((sum, one) => sum + one + gap, 0)
  const panels = rows.flatMap((row, index) =>
    row.map((table, column) => panel(table, theme, gap + column * (panelWidth + gap), tops[index] ?? 0))
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" ` +
    "font-family=\"ui-sans-serif, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"12\">",
    ...panels,
    "</svg>",
    ""
  ].join("\n")
}
