/**
 * Every log line of the library is in the table of guides/observability.md, and every row of it is a log line.
 */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { assert, it } from "@effect/vitest"
import ts from "typescript"

const root = fileURLToPath(new URL("../../../", import.meta.url))

/** The calls of `Effect.log*` in a source file, without comments. */
const callsIn = (path: string): ReadonlyArray<string> => {
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
  const calls: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^Effect\.log[A-Z]/.test(node.expression.getText())) calls.push(node.getText())
    ts.forEachChild(node, visit)
  }
  visit(file)
  return calls
}

const calls = ["client-credentials", "redis", "sql"].flatMap((name) => {
  const folder = `${root}packages/${name}/src`
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
    .flatMap((path) => callsIn(`${folder}/${path}`))
})

const [, section = ""] = readFileSync(`${root}guides/observability.md`, "utf8").split("## Log lines")

/** The first column of each row. */
const rows = [...section.split("## ")[0]?.matchAll(/^\| (\*[^|]*) \|/gm) ?? []].map(([, quoted = ""]) => quoted)

/** The strings of a call joined, as far as they are literals. */
const literal = (call: string) => call.replace(/["`]\s*\+\s*["`]/g, "")

const isOf = (row: string) => (call: string) =>
  [...row.matchAll(/\*([^*]+)\*/g)].some(([, line = ""]) =>
    line.split(/\.\.\.|\b[A-Z]\b/).map((part) => part.trim()).filter((part) => part.length > 8)
      .every((part) => literal(call).includes(part))
  )

it("the table of log lines has every log line of the library", () => {
  const unlisted = calls.filter((call) => !rows.some((row) => isOf(row)(call)))
    // A warning that another function writes is in that function.
    .filter((call) => !/^Effect\.logWarning\((?:warning|warningOf\(.*)\)$/s.test(call))
  assert.deepStrictEqual(unlisted, [])
  assert.isAbove(calls.length, 20)
})

it("the table of log lines has no other", () => {
  const elsewhere = ["process/announcedQuotas.ts", "http/tokenResponse.ts"]
    .map((path) => readFileSync(`${root}packages/client-credentials/src/internal/${path}`, "utf8"))
  assert.deepStrictEqual(rows.filter((row) => ![...calls, ...elsewhere].some(isOf(row))), [])
})
