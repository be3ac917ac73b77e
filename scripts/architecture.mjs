// The picture of the modules and what they stand on, from their imports. Without `--write` it only says whether the picture
// in guides/architecture.svg is the one that the imports give.
import { readdirSync, readFileSync, writeFileSync } from "node:fs"

const source = "packages/client-credentials/src"
const target = "guides/architecture.svg"

// Who stands on whom; each row may import from those below it. An empty name is an empty place.
const rows = [
  ["ClientCredentials", "PromiseClient", "LegacyToken"],
  ["ApiClient"],
  ["Authorization", "ReplaySchedule"],
  ["TokenCache"],
  ["", "", "SharedTokens", "IssuanceBudget"],
  ["TokenEndpoint", "TokenRevocation", "TokenStore", "TokenSeal"],
  ["ServerMetadata"],
  ["ClientConfig", "ProtectedResource", "NodeTls"],
  ["ClientAuthentication", "DPoP", "TokenRequest"],
  ["AccessToken", "Challenge", "OAuthError"],
  ["InvalidConfig"]
]
// Values that every module may speak of, and the module that wires all: their arrows would hide the others.
const words = rows.slice(-2).flat()
const wiring = "ClientCredentials"

const fail = (problem) => {
  console.error(problem)
  process.exit(1)
}

const modules = readdirSync(source).filter((name) => name.endsWith(".ts") && name !== "index.ts")
  .map((name) => name.slice(0, -3))
const level = new Map(
  rows.flatMap((names, index) => names.filter((name) => name !== "").map((name) => [name, index]))
)
for (const name of modules) if (!level.has(name)) fail(`${name} has no place in scripts/architecture.mjs`)
for (const name of level.keys()) if (!modules.includes(name)) fail(`${name} in scripts/architecture.mjs is no module`)

const imports = new Map(modules.map((name) => [
  name,
  [...readFileSync(`${source}/${name}.ts`, "utf8").matchAll(/from "\.\/(\w+)\.js"/g)].map(([, found]) => found)
]))
for (const [name, found] of imports) {
  for (const other of found) {
    if (level.get(other) <= level.get(name)) fail(`${name} imports ${other}, which does not stand below it`)
  }
}

const reaches = (from, to) => imports.get(from).some((next) => next === to || reaches(next, to))
/** Without those that follow from others. */
const arrows = [...imports].filter(([name]) => name !== wiring).flatMap(([name, found]) =>
  found.filter((other) => !words.includes(other) && !found.some((next) => next !== other && reaches(next, other)))
    .map((other) => [name, other])
)

const [width, height, gap, top] = [168, 30, 54, 16]
const center = 440
const place = (name) => {
  const row = rows[level.get(name)]
  const x = center + (row.indexOf(name) - (row.length - 1) / 2) * (width + 8)
  return { x, y: top + level.get(name) * gap }
}

const boxes = modules.map((name) => {
  const { x, y } = place(name)
  const kind = words.includes(name) ? "word" : "box"
  return `<rect class="${kind}" x="${x - width / 2}" y="${y}" width="${width}" height="${height}" rx="5"/>
<text x="${x}" y="${y + 20}">${name}</text>`
})
const lines = arrows.map(([from, to]) => {
  const [a, b] = [place(from), place(to)]
  const [y1, y2] = [a.y + height, b.y - 3]
  return `<path class="arrow" d="M${a.x} ${y1}C${a.x} ${y1 + 18} ${b.x} ${
    y2 - 18
  } ${b.x} ${y2}" marker-end="url(#end)"/>`
})

const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 ${
  top + rows.length * gap
}" role="img" aria-label="The modules of the core and what they stand on">
<style>
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; text-anchor: middle }
  .box { fill: #ddf4ff; stroke: #0969da } .word { fill: #f6f8fa; stroke: #818b98 }
  .arrow { fill: none; stroke: #59636e; stroke-width: 1.2 } #end path { fill: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .box { fill: #121d2f; stroke: #4493f8 } .word { fill: #151b23; stroke: #656c76 }
    .arrow { stroke: #9198a1 } #end path { fill: #9198a1 }
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
