import { readFileSync } from "node:fs"

import * as Array from "effect/Array"
import { assert, describe, it } from "vitest"

import * as Arguments from "../src/arguments.js"
import { contenders, ours, peers } from "../src/contenders.js"
import { firstCalls, linesOf, programOf } from "../src/firstCalls.js"
import { measures } from "../src/measures.js"
import { show } from "../src/numbers.js"
import * as Page from "../src/page.js"
import { plot } from "../src/plot.js"
import { summarize, type Table } from "../src/result.js"
import * as Results from "../src/results.js"

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8")

describe("stored files", () => {
  const results = JSON.parse(read("results/results.json")) as Results.Results

  it("the page matches the results", () => {
    assert.strictEqual(read("README.md"), Page.page(results))
  })

  it("the page fits one screen before the details", () => {
    const [first = ""] = read("README.md").split("\n## ")
    assert.isAtMost(first.trim().split("\n").length, 32)
    assert.include(first, "load average")
  })

  it("the excerpt in the README and the pictures match the results", () => {
    const front = read("../../README.md")
    assert.strictEqual(front, Page.withExcerpt(front, results))
    for (const [name, svg] of Page.pictures(results)) assert.strictEqual(read(`results/${name}`), svg)
  })

  it("all measures and contenders are included, with the installed versions", () => {
    assert.deepStrictEqual(results.measures.map(({ name }) => name), measures.map(({ name }) => name))
    assert.deepStrictEqual(results.versions, Results.versions())
    for (const { tables } of results.measures) {
      for (const { id, rows } of tables) {
        const names = rows.map(({ contender }) => contender)
        for (const { name } of peers) assert.include(names, name, id)
      }
    }
  })
})

describe("the first call", () => {
  it("is a program with each listed concept, and needs no more of them than other libraries", () => {
    for (const one of firstCalls) {
      const program = programOf(one)
      for (const concept of one.concepts) assert.include(program, concept, one.file)
    }
    const [ours, theirs] = Array.partition(firstCalls, ({ name }) => !name.startsWith("effect-oauth"))
    for (const { concepts } of ours) {
      for (const other of theirs) assert.isAtMost(concepts.length, other.concepts.length, other.name)
    }
    const shortest = Math.min(...theirs.map((one) => linesOf(programOf(one))))
    for (const one of ours) assert.isAtMost(linesOf(programOf(one)), shortest, one.name)
  })

  it("counts the lines that a user writes", () => {
    assert.strictEqual(linesOf("import * as a from \"a\"\n\nconst b = a.b({\n  c: 1\n})\n"), 3)
    assert.strictEqual(linesOf("package a\n\nimport (\n\t\"b\"\n)\n\nvar c = b.D()\n"), 1)
  })
})

const table: Table = {
  id: "a",
  title: "A <b> & c",
  unit: "µs",
  better: "lower",
  rows: [summarize(ours, [1, 3, 2]), { contender: "openid-client", absent: "cannot" }]
}

describe("numbers", () => {
  it("are a median with its quartiles", () => {
    assert.deepStrictEqual(summarize("x", [4, 1, 3, 2, 5]), { contender: "x", median: 3, low: 2, high: 4 })
    assert.deepStrictEqual(summarize("x", [1, 2]), { contender: "x", median: 1.5, low: 1.25, high: 1.75 })
  })

  it("are shown in readable form", () => {
    assert.strictEqual(show(1234.5, "bytes"), "1.23 kB")
    assert.strictEqual(show(999, "bytes"), "999 B")
    assert.strictEqual(show(10_000, "requests"), "10,000")
    assert.strictEqual(show(12.34, "µs"), "12.3 µs")
    assert.strictEqual(show(-0.5, "%"), "-0.50 %")
  })
})

describe("the page", () => {
  it("shows contenders without a number, with the reason", () => {
    const results: Results.Results = {
      at: "2030-01-01T00:00:00.000Z",
      machine: { processor: "p", cores: 2, memoryGiB: 4, system: "s", node: "v20", load: 1 },
      took: 60,
      versions: {},
      measures: [{ name: "m", title: "M", method: "How.", command: Results.command("m"), tables: [table] }]
    }
    const page = Page.page(results)
    assert.include(page, "npm run bench -- --only m")
    assert.include(page, "| **effect-oauth** | 2.00 µs (1.50 µs … 2.50 µs) |")
    assert.include(page, "| openid-client | — |")
    assert.include(page, "— : openid-client: cannot.")
  })

  it("is not written to a README without markers", () => {
    assert.throws(() => Page.withExcerpt("no markers", { measures: [] } as unknown as Results.Results), "Expected")
  })

  it.each(["light", "dark"] as const)("has well-formed pictures: %s", (theme) => {
    const svg = plot([table], theme, 1)
    assert.include(svg, "A &lt;b&gt; &amp; c")
    assert.strictEqual(svg.match(/<text/g)?.length, svg.match(/<\/text>/g)?.length)
    assert.include(svg, "—")
  })
})

describe("the command line", () => {
  const names = measures.map(({ name }) => name)

  it("accepts names of measures", () => {
    assert.deepStrictEqual(Arguments.parse(["--only", "bundle", "--only", "start"], names), {
      only: ["bundle", "start"],
      scale: 1,
      page: false,
      help: false
    })
    assert.include(Arguments.parse(["--only", "nothing"], names) as string, "unknown measure \"nothing\"")
    assert.include(Arguments.parse(["--scale", "x"], names) as string, "--scale: expected a number")
    assert.include(Arguments.parse(["--unknown"], names) as string, "--unknown")
    assert.include(Arguments.usage(names), "bundle")
  })

  it("has unique names of measures and contenders", () => {
    assert.strictEqual(new Set(names).size, names.length)
    assert.strictEqual(new Set(contenders.map(({ name }) => name)).size, contenders.length)
  })
})
