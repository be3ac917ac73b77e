/**
 * The generator is deterministic, uses only imports that Effect 4 has, and generates all tests of Effect 3.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import ts from "typescript"

import { inComments } from "../src/examples.js"
import { filesOf, folders, left, packageNames, write } from "../src/generate.js"
import { renamed } from "../src/members.js"
import * as rules from "./ruleNames.js"

const root = resolve(import.meta.dirname, "..")
const { from, own, to } = folders(root)

const used = new Set<string>()
const files = filesOf({ from, own, to }, used)

const sources = [...files].flatMap(([place, content]) =>
  place.endsWith(".ts")
    ? [{ place, file: ts.createSourceFile(join(to, place), String(content), ts.ScriptTarget.Latest, true) }]
    : []
)

describe("what is generated", () => {
  it("is what npm run effect-4 generated before", () => {
    const others = [...files].flatMap(([place, content]) =>
      existsSync(join(to, place)) && readFileSync(join(to, place)).equals(Buffer.from(content)) ? [] : [place]
    )
    assert.deepStrictEqual(others, [])
  })

  it("is not written again", () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-oauth-generated-"))
    try {
      assert.lengthOf(write(files, folder), files.size)
      assert.deepStrictEqual(write(files, folder), [])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("comes about by every rule", () => {
    assert.deepStrictEqual(rules.names.filter((name) => !used.has(name)), [])
  })
})

describe("a comment", () => {
  /** Names that Effect 4 does not have. Code is rewritten, text is not. */
  const gone = [
    ...Object.entries(renamed).flatMap(([module, names]) =>
      Object.keys(names).map((name) => `${module.split("/").at(-1)}.${name}`)
    ),
    "NodeContext",
    "RequestError",
    "ResponseError"
  ].map((name) => new RegExp(`(?<![\\w.])${name.replaceAll(".", "\\.")}(?!\\w)`))

  it("uses no name that Effect 3 alone has", () => {
    const found = [...files].filter(([place]) => /\/src\/.*\.ts$/.test(place)).flatMap(([place, content]) =>
      (String(content).match(/\/\*\*[\s\S]*?\*\/|\/\/.*$/gm) ?? []).flatMap((comment) =>
        gone.flatMap((name) => {
          const [use] = name.exec(comment) ?? []
          return use === undefined ? [] : [`${place}: ${use}`]
        })
      )
    )
    assert.deepStrictEqual(found, [])
  })
})

/** The names that a module of declarations exports. */
const exportsOf = (path: string | undefined): ReadonlySet<string> => {
  if (path === undefined) return new Set()
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest)
  return new Set(file.statements.flatMap((statement): ReadonlyArray<string> => {
    if (ts.isExportDeclaration(statement)) {
      const { exportClause: clause, moduleSpecifier: other } = statement
      if (clause !== undefined && ts.isNamedExports(clause)) return clause.elements.map(({ name }) => name.text)
      if (clause !== undefined) return [clause.name.text]
      return other !== undefined && ts.isStringLiteral(other) ? [...exportsOf(declarationsOf(other.text, path))] : []
    }
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.map(({ name }) => ts.isIdentifier(name) ? name.text : "")
    }
    return "name" in statement && statement.name !== undefined ? [(statement.name as ts.Identifier).text] : []
  }))
}

/** The declarations of a module, as the compiler finds them. */
const declarationsOf = (module: string, path: string): string | undefined => {
  const options = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext }
  const { resolvedModule } = ts.resolveModuleName(
    module,
    path,
    options,
    ts.sys,
    undefined,
    undefined,
    ts.ModuleKind.ESNext
  )
  return resolvedModule?.resolvedFileName
}

/** The imports of Effect, each with the names that it takes from the module. */
const importsOf = (file: ts.SourceFile) =>
  file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return []
    const module = statement.moduleSpecifier
    if (module === undefined || !ts.isStringLiteral(module) || !/^(effect|@effect)(\/|$)/.test(module.text)) return []
    const bindings = ts.isImportDeclaration(statement) ? statement.importClause?.namedBindings : statement.exportClause
    const names = bindings !== undefined && (ts.isNamedImports(bindings) || ts.isNamedExports(bindings))
      ? bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text)
      : []
    return [{ module: module.text, names }]
  })

describe("an import of Effect", () => {
  it("is of a module of Effect 4, which has what is imported", () => {
    const found = new Map<string, ReadonlySet<string>>()
    for (const { file, place } of sources) {
      for (const { module, names } of importsOf(file)) {
        const path = declarationsOf(module, file.fileName)
        // Where Effect 4 has no such module, the compiler finds that of Effect 3 further up.
        const isOf4 = path !== undefined && path.startsWith(join(root, "node_modules"))
        assert(isOf4, `${place}: ${module} is ${path}`)
        const exported = found.get(path) ?? exportsOf(path)
        found.set(path, exported)
        for (const name of names) assert.isTrue(exported.has(name), `${place}: ${module} has no ${name}`)
      }
    }
    assert.isAbove(found.size, 50)
  })
})

const under = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length + 1)] : []
  )

describe("a file for Effect 4 alone", () => {
  const all = under(own).filter((place) => !place.startsWith("support/"))

  it("replaces one for Effect 3, or states why there is none", () => {
    const stale = all.filter((place) =>
      !place.includes("/examples/") && !existsSync(join(from, place)) &&
      !/Effect [34]/.test(readFileSync(join(own, place), "utf8").slice(0, 400))
    )
    assert.deepStrictEqual(stale, [])
  })

  it("replaces an example that there is", () => {
    for (const place of all.filter((place) => place.includes("/examples/"))) {
      const [, module = "", number = ""] = /\/examples\/(.*)\.example(\d+)\.ts$/.exec(place) ?? []
      const text = readFileSync(join(from, dirname(dirname(place)), "src", `${module}.ts`), "utf8")
      assert.isAtLeast(inComments(text).length, Number(number), place)
    }
  })
})

/** The titles of tests and of their groups, as far as the source states them. */
const titlesOf = (file: ts.SourceFile): ReadonlyArray<string> => {
  const titles: Array<string> = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(it|describe|property)\b/.test(node.expression.getText(file))) {
      const [title] = node.arguments
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text)
      else if (title !== undefined && ts.isTemplateExpression(title)) titles.push(title.head.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return titles
}

describe("the tests of both majors", () => {
  const isTest = (place: string) => place.endsWith(".test.ts")

  it("are equal, except for files that state why", () => {
    const of3 = packageNames.flatMap((name) => under(join(from, name, "test")).map((path) => `${name}/test/${path}`))
      .filter(isTest)
    const of4 = sources.map(({ place }) => place).filter((place) => isTest(place) && !place.startsWith("examples/"))
    for (const [one, other, folder] of [[of3, of4, from], [of4, of3, to]] as const) {
      for (const place of one.filter((place) => !other.includes(place))) {
        assert.match(readFileSync(join(folder, place), "utf8").split("*/")[0] ?? "", /Effect [34]/, place)
      }
    }
    for (const place of left) assert.isTrue(existsSync(join(from, place)), place)
  })

  it("have the same titles", () => {
    for (const { file, place } of sources.filter(({ place }) => isTest(place) && existsSync(join(from, place)))) {
      const path = join(from, place)
      const original = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true)
      assert.deepStrictEqual(titlesOf(file), titlesOf(original), place)
    }
  })
})
