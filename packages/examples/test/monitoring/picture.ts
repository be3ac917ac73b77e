/**
 * The dashboard as one picture, in light and dark colors: lines over time, as Grafana draws them.
 */
import type { Series } from "./prometheus.js"
import type { Step } from "./run.js"

export interface Panel {
  readonly title: string
  readonly unit: string
  /** Position and size in columns of 24 and rows, as in the dashboard. */
  readonly place: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly lines: ReadonlyArray<{ readonly name: string; readonly values: Series["values"] }>
}

const style = `
  text { font: 11px ui-sans-serif, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .faint { fill: #59636e } .axis { stroke: #d1d9e0; fill: none } .fault { fill: #8c959f26 }
  .line { fill: none; stroke-width: 1.5; stroke-linejoin: round }
  .c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #1a7f37 } .c3 { stroke: #8250df }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #9198a1 } .axis { stroke: #3d444d }
    .c0 { stroke: #4493f8 } .c1 { stroke: #f0883e } .c2 { stroke: #3fb950 } .c3 { stroke: #ab7df8 }
  }`

const layout = { column: 40, row: 26, head: 40, gap: 12, left: 34 } as const

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const text = (x: number, y: number, content: string, kind = "", more = ""): string =>
  `<text x="${x}" y="${y}"${kind && ` class="${kind}"`}${more}>${escaped(content)}</text>`

const shown = (value: number, unit: string): string =>
  `${Number(value.toPrecision(2))}${{ s: " s", ops: "/s" }[unit] ?? ""}`

/** Returns the points of a line: repeated values are omitted, and a gap starts a new part. */
const pathOf = (points: ReadonlyArray<readonly [x: number, y: number, at: number]>): string => {
  const parts: Array<string> = []
  for (const [index, [x, y, at]] of points.entries()) {
    const [previous, next] = [points[index - 1], points[index + 1]]
    const isNew = previous === undefined || at - previous[2] > 2
    const isWithin = !isNew && previous[1] === y && next?.[1] === y && next[2] - at <= 2
    if (!isWithin) parts.push(`${isNew ? "M" : "L"}${x} ${y}`)
  }
  return parts.join("")
}

const panelOf = ({ lines, place, title, unit }: Panel, steps: ReadonlyArray<Step>): string => {
  const { column, gap, head, left, row } = layout
  const [x, y] = [place.x * column + gap + left, head + place.y * row + 22]
  const [width, height] = [place.w * column - gap - left, place.h * row - 68]
  const [first, last] = [steps[0]?.from ?? 0, steps.at(-1)?.from ?? 1]
  const finite = lines.map(({ values }) => values.filter(([, value]) => Number.isFinite(value)))
  const values = finite.flat().map(([, value]) => value)
  const [least, most] = [Math.min(0, ...values), Math.max(...values, 1e-9)]
  const across = (at: number) => Math.round(x + width * (at - first) / (last - first))
  const up = (value: number) => Math.round(y + height - height * (value - least) / (most - least))
  const faults = steps.flatMap(({ fault, from }, index) => {
    const [start, end] = [across(from), across(steps[index + 1]?.from ?? last)]
    return fault === undefined ? [] : [
      `<rect class="fault" x="${start}" y="${y}" width="${Math.max(2, end - start)}" height="${height}"/>`,
      text(start + 2, y + 10, fault, "faint")
    ]
  })
  const columns = lines.some(({ name }) => name.length > 20) ? 1 : 2
  const drawn = lines.flatMap(({ name }, index) => {
    const points = (finite[index] ?? []).map(([at, value]) => [across(at), up(value), at] as const)
    const legendX = x + (index % columns) * (width / columns)
    const legendY = y + height + 16 + 14 * Math.floor(index / columns)
    const kind = `line c${index % 4}`
    return [
      `<path class="${kind}" d="${pathOf(points)}"/>`,
      `<path class="${kind}" d="M${legendX} ${legendY - 4}h10"/>`,
      text(legendX + 14, legendY, name)
    ]
  })
  return [
    text(x - left, y - 8, title, "title"),
    ...faults,
    `<path class="axis" d="M${x} ${y}V${y + height}H${x + width}"/>`,
    text(x - 4, y + 8, shown(most, unit), "faint", " text-anchor=\"end\""),
    text(x - 4, y + height, shown(least, unit), "faint", " text-anchor=\"end\""),
    ...drawn
  ].join("\n")
}

/** Draws the panels. The faults of the steps are numbered above them. */
export const draw = (panels: ReadonlyArray<Panel>, steps: ReadonlyArray<Step>): string => {
  const { column, gap, head, row } = layout
  const width = Math.max(...panels.map(({ place }) => place.x + place.w)) * column + 2 * gap
  const height = Math.max(...panels.map(({ place }) => place.y + place.h)) * row + head
  const seconds = Math.round((steps.at(-1)?.from ?? 0) - (steps[0]?.from ?? 0))
  const faults = steps.flatMap(({ fault, name }) => fault === undefined ? [] : [`${fault} ${name}`])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The dashboard">`,
    `<style>${style}\n</style>`,
    text(gap, 20, `${seconds} s of a fleet with tokens of 22 s. Faults: ${faults.join(", ")}.`, "faint"),
    ...panels.map((panel) => panelOf(panel, steps)),
    "</svg>\n"
  ].join("\n")
}
