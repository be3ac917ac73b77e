// The picture of the rooms, their modules and the imports between them, drawn from the imports. Without `--write` it only
// checks that the picture in guides/architecture.svg is the one that the imports give.
import { readFileSync, writeFileSync } from "node:fs"

import { graphOf, levelOf, library, roomOf, rooms } from "./rooms.mjs"

const target = "guides/architecture.svg"

const fail = (problem) => {
  console.error(problem)
  process.exit(1)
}

const graph = new Map([...graphOf(library)].filter(([name]) => name !== "index"))

// The services are one band with a row for each level; every other room is a band.
const isService = (room) => room.modules.every((pattern) => !pattern.startsWith("internal/")) && room.name !== "models"
const bands = [
  { name: "services", rows: rooms.filter(isService), text: "public modules, each above the services that it uses" },
  ...rooms.filter((room) => !isService(room)).map((room) => ({
    name: room.name,
    rows: [room],
    text: {
      promise: "calls of programs without Effect",
      config: "reads and validates options and variables",
      fleet: "the protocol of a shared store",
      process: "the clients of one process: lifetime, cached token, refresh",
      http: "one exchange: send, limits, decoding, redaction",
      seam: "what differs between Effect 3 and 4",
      models: "values: errors, tokens, requests, challenges",
      token: "the lifecycle of one token, as data; no Effect",
      protocol: "the standards, as data; no Effect"
    }[room.name] ?? ""
  }))
]

const bandOf = (name) => bands.findIndex(({ rows }) => rows.includes(roomOf(name)))

for (const name of graph.keys()) if (levelOf(name) < 0) fail(`${name} has no room in scripts/rooms.mjs`)

const label = (name) => name.replace(/^internal\/\w+\//, "")
const [left, right, padding, boxHeight, step, columns] = [10, 700, 12, 26, 15, 46]
const widthOf = (text) => Math.ceil(text.length * 7.3) + 16

/** The boxes of a row of modules, broken into lines that fit the band. */
const linesOf = (names) => {
  const lines = [[]]
  let x = left + padding
  for (const name of names) {
    const width = widthOf(label(name))
    if (x + width > right - padding) {
      lines.push([])
      x = left + padding
    }
    lines.at(-1).push({ name, x, width })
    x += width + 8
  }
  return lines
}

/** Number of imports from one band to another. */
const counts = new Map()
for (const [name, found] of graph) {
  for (const other of found) {
    const [from, to] = [bandOf(name), bandOf(other)]
    if (from !== to) counts.set(`${from} ${to}`, (counts.get(`${from} ${to}`) ?? 0) + 1)
  }
}
const arrows = [...counts].map(([key, count]) => {
  const [from, to] = key.split(" ").map(Number)
  return { from, to, count }
}).sort((one, other) => one.from - other.from || one.to - other.to)

let y = 10
const placed = bands.map(({ name, rows, text }, index) => {
  const top = y
  const lines = rows.flatMap((room) => linesOf([...graph.keys()].filter((module) => roomOf(module) === room)))
  const incoming = arrows.filter(({ to }) => to === index)
  const height = Math.max(30 + lines.length * (boxHeight + 8) + 4, 26 + incoming.length * step)
  y = top + height + 12
  return { name, text, top, height, lines, incoming }
})

const boxes = placed.map(({ height, lines, name, text, top }) =>
  [
    `<rect class="room" x="${left}" y="${top}" width="${right - left}" height="${height}" rx="8"/>`,
    `<text class="name" x="${left + padding}" y="${
      top + 20
    }">${name}<tspan class="text" dx="10">${text}</tspan></text>`,
    ...lines.flatMap((line, index) =>
      line.map(({ name, width, x }) => {
        const at = top + 30 + index * (boxHeight + 8)
        return `<rect class="${name.startsWith("internal/") ? "box" : "public"}" x="${x}" y="${at}" width="${width}" ` +
          `height="${boxHeight}" rx="5"/><text x="${x + width / 2}" y="${at + 18}">${label(name)}</text>`
      })
    )
  ].join("\n")
)

// One line down for each band, with an arrow into each band that it imports from.
const sources = [...new Set(arrows.map(({ from }) => from))]
const lines = sources.map((from, column) => {
  const x = right + 40 + column * columns
  const own = arrows.filter((arrow) => arrow.from === from).map(({ count, to }) => {
    const { incoming, top } = placed[to]
    return { count, y: top + 18 + incoming.findIndex((arrow) => arrow.from === from) * step }
  })
  const start = placed[from].top + placed[from].height - 12
  return [
    `<path class="arrow" d="M${right} ${start}H${x}V${Math.max(...own.map(({ y }) => y))}"/>`,
    ...own.map(({ count, y }) =>
      `<path class="arrow" d="M${x} ${y}H${right + 3}" marker-end="url(#end)"/>` +
      `<text class="count" x="${x + 4}" y="${y + 4}">${count}</text>`
    )
  ].join("\n")
})

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${
  right + 50 + sources.length * columns
} ${y}" role="img" aria-label="The rooms of the library, their modules, and the number of imports between rooms">
<style>
  text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; text-anchor: middle }
  .name { font-weight: 600; text-anchor: start } .text { font-weight: 400; fill: #59636e }
  .count { text-anchor: start; fill: #59636e; font-size: 11px }
  .room { fill: #f6f8fa; stroke: #d1d9e0 } .public { fill: #ddf4ff; stroke: #0969da } .box { fill: #fff; stroke: #818b98 }
  .arrow { fill: none; stroke: #818b98; stroke-width: 1.2 } #end path { fill: #818b98 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .text, .count { fill: #9198a1 } .room { fill: #151b23; stroke: #3d444d }
    .public { fill: #121d2f; stroke: #4493f8 } .box { fill: #0d1117; stroke: #656c76 }
    .arrow { stroke: #656c76 } #end path { fill: #656c76 }
  }
</style>
<defs><marker id="end" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>
${[...lines, ...boxes].join("\n")}
</svg>
`

if (process.argv.includes("--write")) writeFileSync(target, picture)
else if (readFileSync(target, "utf8") !== picture) {
  fail(`${target} is not what the imports give: npm run architecture -- --write`)
}
