/**
 * The order and the layout of imports: those of the linter, since modules have other names than before.
 */
import ts from "typescript"

import { apply, type Edit } from "./edits.js"

const byName = (one: string, other: string): number => {
  const [a, b] = [one, other].map((text) => text.replace(/^type /, ""))
  return (a ?? "").localeCompare(b ?? "", "en")
}

/** As one line, or a line for each name. */
const laidOut = (statement: ts.ImportDeclaration, file: ts.SourceFile): string => {
  const bound = statement.importClause?.namedBindings
  if (bound === undefined || !ts.isNamedImports(bound)) return statement.getText(file)
  const names = bound.elements.map((element) => element.getText(file)).sort(byName)
  const start = file.text.slice(statement.getStart(file), bound.getStart(file))
  const end = file.text.slice(bound.end, statement.end)
  const line = `${start}{ ${names.join(", ")} }${end}`
  return line.length <= 120 ? line : `${start}{\n  ${names.join(",\n  ")}\n}${end}`
}

const pathOf = ({ moduleSpecifier }: ts.ImportDeclaration): string =>
  ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : ""

/** Imports of packages that follow each other without an empty line, in the order of their paths. */
export const sorted = (text: string): string => {
  const file = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true)
  const runs: Array<Array<ts.ImportDeclaration>> = []
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || pathOf(statement).startsWith(".")) continue
    const run = runs.at(-1)
    const last = run?.at(-1)
    const follows = last !== undefined && text.slice(last.end, statement.getStart(file)) === "\n"
    if (run !== undefined && follows) run.push(statement)
    else runs.push([statement])
  }
  const key = (statement: ts.ImportDeclaration) => pathOf(statement).replaceAll("/", "\0")
  return apply(
    text,
    runs.flatMap((run): ReadonlyArray<Edit> => {
      const [first, last] = [run[0], run.at(-1)]
      if (first === undefined || last === undefined) return []
      const ordered = [...run].sort((one, other) => key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0)
      return [{
        start: first.getStart(file),
        end: last.end,
        text: ordered.map((statement) => laidOut(statement, file)).join("\n")
      }]
    })
  )
}
