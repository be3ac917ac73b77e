/**
 * Traces as waterfalls: the spans of a call, with start and duration.
 */
import type { Span } from "./embedded/collector.js"

export interface Row {
  readonly name: string
  /** The depth below the call. */
  readonly depth: number
  /** The status, the outcome or the reason, from the attributes. */
  readonly note: string
  /** Milliseconds since the start of the call. */
  readonly start: number
  readonly duration: number
  /** True for a span of another trace with a link to this one: it serves other calls as well. */
  readonly linked: boolean
}

export interface Waterfall {
  readonly title: string
  readonly rows: ReadonlyArray<Row>
  readonly duration: number
}

const notes = ["http.response.status_code", "oauth.token.reason", "oauth.replay.outcome", "error.type"]

const noteOf = ({ attributes }: Span): string =>
  [
    ...new Set(
      attributes.filter(({ key }) => notes.includes(key)).flatMap(({ value }) => Object.values(value)).map(String)
    )
  ].join(" ")

/** Returns a waterfall for each span without a parent and links: the program's own calls, in order. */
export const waterfalls = (spans: ReadonlyArray<Span>): ReadonlyArray<Waterfall> => {
  const inOrder = [...spans].sort((one, other) =>
    Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano))
  )
  const isRoot = ({ parentSpanId }: Span) => parentSpanId === undefined || parentSpanId === ""
  const linksTo = (span: Span, { spanId }: Span) => (span.links ?? []).some((link) => link.spanId === spanId)

  const rowsBelow = (span: Span, begun: bigint, depth: number, linked: boolean): ReadonlyArray<Row> => {
    const millis = (nanos: bigint) => Number(nanos) / 1e6
    const start = BigInt(span.startTimeUnixNano)
    return [
      {
        name: span.name,
        depth,
        note: noteOf(span),
        start: millis(start - begun),
        duration: millis(BigInt(span.endTimeUnixNano) - start),
        linked
      },
      ...inOrder
        .filter((other) => other.parentSpanId === span.spanId || linksTo(other, span))
        .flatMap((other) => rowsBelow(other, begun, depth + 1, linked || linksTo(other, span)))
    ]
  }

  return inOrder.filter((span) => isRoot(span) && (span.links ?? []).length === 0).map((span) => {
    const rows = rowsBelow(span, BigInt(span.startTimeUnixNano), 0, false)
    return { title: span.name, rows, duration: Math.max(...rows.map((row) => row.start + row.duration)) }
  })
}

const millis = (value: number): string => `${value.toFixed(1)} ms`

/** Returns the waterfalls for a terminal of 100 columns. */
export const text = (all: ReadonlyArray<Waterfall>): string =>
  all.map(({ duration, rows }) =>
    rows.map((row) => {
      const [from, to] = [row.start, row.start + row.duration].map((at) => Math.round(40 * at / duration)) as [
        number,
        number
      ]
      const bar = " ".repeat(Math.min(from, 39)) + (row.linked ? "░" : "█").repeat(Math.max(1, to - from))
      const name = "  ".repeat(row.depth) + row.name
      return `${name.padEnd(32)} ${bar.padEnd(41)}${millis(row.duration).padStart(9)}  ${row.note}`
    }).join("\n")
  ).join("\n\n")

const escaped = (value: string): string => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const style = `
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328 }
  .title { font-weight: 600 }
  .faint { fill: #59636e }
  .line { stroke: #d1d9e0 }
  .bar { fill: #0969da }
  .linked { fill: #8250df }
  .bad { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .faint { fill: #9198a1 } .line { stroke: #3d444d }
    .bar { fill: #4493f8 } .linked { fill: #ab7df8 } .bad { fill: #f0883e }
  }`

const layout = { width: 960, left: 290, right: 200, row: 22, gap: 34 } as const

/** Returns the waterfalls as SVG, in light and dark colors. */
export const svg = (all: ReadonlyArray<Waterfall>): string => {
  const { gap, left, right, row: height, width } = layout
  const scale = width - left - right
  let y = 8
  const parts = all.map(({ duration, rows }) => {
    const lines = rows.map((row, index) => {
      const top = y + index * height
      const x = left + scale * row.start / duration
      const length = Math.max(2, scale * row.duration / duration)
      const kind = /\b(4|5)\d\d\b|rejected/.test(row.note) ? "bad" : row.linked ? "linked" : "bar"
      return [
        `<text x="${8 + 16 * row.depth}" y="${top + 15}"${index === 0 ? " class=\"title\"" : ""}>${
          escaped(row.name)
        }</text>`,
        `<rect class="${kind}" x="${x.toFixed(1)}" y="${top + 4}" width="${length.toFixed(1)}" height="14" rx="3"/>`,
        `<text class="faint" x="${left + scale + 12}" y="${top + 15}">${millis(row.duration)} ${
          escaped(row.note)
        }</text>`
      ].join("\n")
    })
    const bottom = y + rows.length * height
    const axis = `<line class="line" x1="${left}" x2="${left + scale}" y1="${bottom + 4}" y2="${bottom + 4}"/>`
    y = bottom + gap
    return [...lines, axis].join("\n")
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
      y - 10
    }" role="img" aria-label="Traces of three calls">`,
    `<style>${style}\n</style>`,
    ...parts,
    "</svg>\n"
  ].join("\n")
}
