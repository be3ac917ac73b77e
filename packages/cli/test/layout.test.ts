/**
 * Tables and sentences on terminals of 80 columns, and of 40.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import { strip } from "../src/internal/ansi.js"
import { commands } from "../src/internal/commandTable.js"
import { helpText } from "../src/internal/helpText.js"
import * as table from "../src/internal/table.js"
import { width, wrap } from "../src/internal/wrap.js"
import * as binary from "./support/binary.js"

const minute = 300_000

describe("a table", () => {
  const rows = [
    ["from", "client", "scope"],
    ["default", "inventory-sync", "items:read items:write orders:read orders:write"],
    ["日本語", "\x1b[31mred\x1b[39m", "x".repeat(60)]
  ]

  it("fits the room, wraps between words, and has one width in cells", () => {
    for (const room of [Infinity, 120, 100]) {
      const lines = table.draw(rows, [], room).split("\n")
      assert.lengthOf(new Set(lines.map(width)), 1, String(room))
      assert.isAtMost(width(lines[0] ?? ""), room)
    }
    assert.match(
      table.draw(rows.slice(0, 2), [], 60),
      /│ items:read items:write +│\n│ +│ +│ orders:read orders:write +│/
    )
    assert.lengthOf(table.draw(rows, [], 200).split("\n"), 6)
  })

  it("of pairs wraps values beside their names", () => {
    const text = table.list([["name", "one two three four five six seven"], ["日本", "x"]], 30)
    for (const line of text.split("\n")) assert.isAtMost(width(line), 30)
    assert.match(text, /^name {2}one two three four five\n {6}six seven\n日本 {2}x$/)
  })
})

describe("a sentence", () => {
  it("wraps between words, and not in a pipe", () => {
    assert.strictEqual(wrap("one two three four five six", 20, 2), "one two three four\n  five six")
    assert.strictEqual(wrap("one two three", Infinity), "one two three")
  })

  it("of the help fits any terminal, and is the same in all of them", () => {
    for (const name of [undefined, ...commands.keys()]) {
      const words = helpText(name, Infinity).split(/\s+/)
      for (const columns of [40, 60, 80, 120, 200]) {
        const text = helpText(name, columns)
        assert.deepStrictEqual(text.split("\n").filter((line) => width(line) > columns), [], `${name}, ${columns}`)
        assert.deepStrictEqual(text.split(/\s+/), words)
      }
    }
  })

  it.scopedLive(
    "fits 40 and 80 columns on a terminal, in every command that needs no question",
    () =>
      Effect.gen(function*() {
        const { environment: env } = yield* Loopback.start()
        const { directory: _, ...user } = yield* binary.home
        for (
          const line of [
            "simulate --fleet 20 --restarts 3 --limit 50",
            "token --format token > /dev/null",
            "status --all",
            "budget",
            "inspect",
            "doctor",
            "call --Profile staging",
            "call DELETE /items --timeout soon",
            "token --profile absent",
            "token --help",
            "--help"
          ]
        ) {
          for (const columns of [40, 80]) {
            const { stdout } = yield* user.shellTerminal(`stty cols ${columns}; effect-oauth ${line}`, {
              env: { ...env, OAUTH_CLINT_ID: "x" }
            })
            const long = strip(stdout).split(/\r?\n/).filter((one) => width(one) > columns)
            assert.deepStrictEqual(long, [], line)
          }
        }
      }),
    minute
  )
})
