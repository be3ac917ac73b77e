/**
 * The screens of the README: each command is run on a terminal of 80 columns against `oidc-provider` and an API, over TLS.
 * `npm run screens` writes what they show, as text into the README and as pictures beside it.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { strip } from "../src/internal/ansi.js"
import * as binary from "./support/binary.js"
import * as picture from "./support/picture.js"
import * as servers from "./support/tlsServers.js"

const columns = 80

const home = fileURLToPath(new URL("..", import.meta.url))

/** A name, and what a person types; what is typed after the first line is seen too. */
const screens: ReadonlyArray<readonly [name: string, ...lines: ReadonlyArray<string>]> = [
  ["doctor", "effect-oauth doctor"],
  ["doctor-audience", "effect-oauth doctor --profile orders"],
  [
    "call",
    "effect-oauth call POST /items sku=SKU-1 quantity:=100 tags[]=new",
    "effect-oauth call GET /items | head -c 40"
  ],
  ["call-verbose", "effect-oauth token --fresh --verbose > token"],
  ["inspect", "effect-oauth inspect"],
  ["status", "effect-oauth status --all", "effect-oauth revoke", "effect-oauth revoke --forget", "effect-oauth status"],
  ["simulate", "effect-oauth simulate --fleet 20 --restarts 3 --limit 50"],
  ["simulate-plot", "effect-oauth simulate --fleet 20 --restarts 3 --limit 50 --plot"],
  ["errors", "effect-oauth call DELETE /write", "effect-oauth token --profile absent", "effect-oauth call /forbidden"]
]

const start = Effect.gen(function*() {
  const { apiOrigin, ca, issuer } = yield* servers.start
  const { directory, shellTerminal, spawn } = yield* binary.home
  writeFileSync(join(directory, "ca.pem"), ca.cert)
  const init = (profile: string, resource: string) =>
    spawn([
      "init",
      ...["--profile", profile, "--issuer", issuer, "--client-id", "inventory-sync", "--secret-stdin"],
      ...["--api-base-url", apiOrigin, "--resource", resource, "--scope", "items:read", "--tokens-per-day", "50"],
      ...["--ca-file", "ca.pem"]
    ], { input: servers.secret })
  for (const [profile, resource] of [["default", servers.resource], ["orders", servers.otherResource]] as const) {
    assert.strictEqual(
      (yield* init(profile, resource)).stderr,
      `\nTry it: effect-oauth doctor${profile === "default" ? "" : " --profile orders"}\n`
    )
  }
  /** Returns the content of the terminal with prompts; for overwritten lines, the last state. */
  const show = (lines: ReadonlyArray<string>) =>
    Effect.forEach(lines, (line) =>
      Effect.map(
        shellTerminal(`stty cols ${columns}; ${line}`),
        ({ stdout }) =>
          `\x1b[1m$ ${line}\x1b[22m\n${
            stdout.replaceAll("\r\n", "\n").split("\n").map((one) => one.split(/\r(?:\x1b\[K)?/).at(-1) ?? "").join(
              "\n"
            )
          }`.trimEnd()
      )).pipe(Effect.map((shown) => shown.join("\n\n").replaceAll(directory, "/home/ada")))
  return show
})

/** A line that does not fit is broken, as a terminal does. */
const wrapped = (screen: string): string =>
  screen.split("\n").flatMap((line) => {
    const found: Array<string> = []
    let [current, width] = ["", 0]
    for (const part of line.match(/\x1b\[\d+m|./gsu) ?? []) {
      if (!part.startsWith("\x1b")) {
        if (width === columns) {
          found.push(current)
          ;[current, width] = ["", 0]
        }
        width += 1
      }
      current += part
    }
    return [...found, current]
  }).join("\n")

const block = (name: string, screen: string): string =>
  `<!-- screen ${name} -->\n\n\`\`\`text\n${strip(screen).replace(/[ ]+$/gm, "")}\n\`\`\`\n\n<!-- end -->`

const marked = (name: string) => new RegExp(`<!-- screen ${name} -->[^]*?<!-- end -->`)

describe("the README", () => {
  it("has the same content in each picture and its transcript", () => {
    const readme = readFileSync(join(home, "README.md"), "utf8")
    for (const [name] of screens) {
      const rows = readFileSync(join(home, "screens", `${name}.svg`), "utf8").split("\n")
        .filter((row) => row.startsWith("<text "))
      assert.isFalse(rows.some((row) => />[^<]* [^<]*</.test(row)), `${name}: a space that a browser may drop`)
      const shown = rows.map((row) =>
        row.replaceAll(/<[^>]*>/g, "").replaceAll("\u00a0", " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">")
          .replaceAll("&amp;", "&").trimEnd()
      )
      const [, said = ""] = /```text\n([^]*?)```/.exec(marked(name).exec(readme)?.[0] ?? "") ?? []
      assert.deepStrictEqual(shown, said.split("\n").filter((line) => line !== ""), name)
    }
  })

  it.scopedLive("shows each screen as it is", () =>
    Effect.gen(function*() {
      const show = yield* start
      const isWriting = process.env["SCREENS"] === "1"
      let readme = readFileSync(join(home, "README.md"), "utf8")
      for (const [name, ...lines] of screens) {
        const screen = wrapped(yield* show(lines))
        assert.notMatch(strip(screen), /c4n4ry|eyJ/, name)
        assert.match(readme, marked(name), name)
        if (isWriting) {
          readme = readme.replace(marked(name), () => block(name, screen))
          mkdirSync(join(home, "screens"), { recursive: true })
          writeFileSync(join(home, "screens", `${name}.svg`), picture.svg(lines.join("; "), screen, columns))
        } else {
          // Ports, times and keys differ from run to run; the words do not.
          const words = (text: string) => new Set(strip(text).match(/[a-z]{4,}/gi) ?? [])
          const [kept = ""] = marked(name).exec(readme) ?? []
          const lost = [...words(block(name, screen))].filter((word) => !words(kept).has(word) && word.length < 20)
          assert.isBelow(lost.length, 12, `${name} shows what the README does not: ${lost.join(" ")}; npm run screens`)
        }
      }
      if (isWriting) writeFileSync(join(home, "README.md"), readme)
    }), 300_000)
})
