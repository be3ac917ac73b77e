/** The page about the command line is that of the stored results. */
import { readFileSync } from "node:fs"

import { assert, it } from "vitest"

import * as toolCost from "../src/toolCost.js"

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8")

it("the page of the command line is that of the results", () => {
  assert.strictEqual(
    read("COMMAND_LINE.md"),
    toolCost.page(JSON.parse(read("results/command-line.json")) as toolCost.Results)
  )
})

it("a tool is measured by its process", async () => {
  const [cost] = await toolCost.measure([{ name: "node", command: [process.execPath, "-e", "0"] }], 1, process.env)
  assert.isAbove(cost?.cpu.median ?? 0, 0)
  assert.isAbove(cost?.memory.median ?? 0, 10)
})
