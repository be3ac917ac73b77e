/**
 * Draws a screen as SVG: the output of a command with colors, as a terminal shows it.
 */

const colors: Readonly<Record<string, string>> = {
  31: "#e06c75",
  32: "#98c379",
  33: "#e5c07b",
  34: "#61afef",
  35: "#c678dd",
  36: "#56b6c2"
}

interface Run {
  readonly column: number
  readonly text: string
  readonly style: string
}

const runs = (line: string): ReadonlyArray<Run> => {
  const found: Array<Run> = []
  let [column, color, isBold, isDim] = [0, "", false, false]
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    const code = /^\x1b\[(\d+)m$/.exec(part)?.[1]
    if (code === undefined) {
      if (part !== "") {
        const style = [
          color === "" ? "" : ` fill="${color}"`,
          isBold ? " font-weight=\"bold\"" : "",
          isDim ? " opacity=\"0.6\"" : ""
        ].join("")
        found.push({ column, text: part, style })
        column += [...part].length
      }
    } else if (code === "1") isBold = true
    else if (code === "2") isDim = true
    else if (code === "22") [isBold, isDim] = [false, false]
    else color = colors[code] ?? ""
  }
  return found
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** Browsers differ in whether they keep spaces, `xml:space` or not; they all keep these. */
const keepSpaces = (text: string): string => text.replaceAll(" ", "\u00a0")

const [wide, high, margin] = [8.4, 18, 16]

export const svg = (title: string, screen: string, columns: number): string => {
  const lines = screen.split("\n")
  const [width, height] = [columns * wide + 2 * margin, lines.length * high + 2 * margin]
  const rows = lines.map((line, row) => {
    const y = margin + (row + 0.75) * high
    const spans = runs(line).map(({ column, style, text }) =>
      `<text x="${(margin + column * wide).toFixed(1)}" y="${y.toFixed(1)}" textLength="${
        ([...text].length * wide).toFixed(1)
      }"${style}>${keepSpaces(escape(text))}</text>`
    )
    return spans.join("")
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" role="img">
<title>${escape(title)}</title>
<rect width="100%" height="100%" rx="6" fill="#1e2127"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d7dae0">
${rows.filter((row) => row !== "").join("\n")}
</g>
</svg>
`
}
