// The public surface of each published package, from its emitted declarations: `npm run api` compares it with the
// committed packages/*/api.md, for Effect 4 with packages/effect-4/api/*.md, and prints what changed;
// `npm run api -- --write` accepts it.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative } from "node:path"

import ts from "typescript"

import { published, publishedForEffect4 } from "./published.mjs"

const parse = (file) => ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)

const printer = ts.createPrinter({ removeComments: true })
const print = (node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())

const names = (statement) =>
  ts.isVariableStatement(statement)
    ? statement.declarationList.declarations.map(({ name }) => name.text)
    : statement.name === undefined
    ? []
    : [statement.name.text]

const isInternal = (file) => file.split(/[\\/]/).includes("internal")

/** Returns the declarations of a module. A module may be a folder: its re-exports are shown as they are declared there. */
const declarations = (file) =>
  parse(file).statements.flatMap((statement) => {
    const from = statement.moduleSpecifier?.text ?? ""
    if (!ts.isExportDeclaration(statement) || !from.startsWith(`./${basename(file, ".d.ts")}/`)) return [statement]
    const exported = statement.exportClause.elements.map(({ name }) => name.text)
    return parse(join(dirname(file), from.replace(/\.js$/, ".d.ts"))).statements.filter((declared) =>
      names(declared).some((name) => exported.includes(name))
    )
  })

/** Returns the imports of a module from internal modules, by their files: `["/.../internal/body.d.ts", "Body"]`. */
const internals = (file, nodes) => {
  const imported = new Map()
  const used = []
  for (const statement of parse(file).statements) {
    const path = statement.moduleSpecifier?.text ?? ""
    if (!path.startsWith(".") || !ts.isImportDeclaration(statement)) continue
    const from = join(dirname(file), path.replace(/\.js$/, ".d.ts"))
    if (!isInternal(from)) continue
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined) continue
    if (ts.isNamespaceImport(bindings)) imported.set(bindings.name.text, [from])
    else {for (const { name, propertyName } of bindings.elements) {
        imported.set(name.text, [from, (propertyName ?? name).text])
      }}
  }
  const visit = (node) => {
    if (ts.isIdentifier(node) && imported.has(node.text)) {
      const [from, name] = imported.get(node.text)
      const member = name ?? node.parent.right?.text ?? node.parent.name?.text
      used.push([from, member])
    }
    const isOwn = ts.isImportTypeNode(node) && node.argument.literal.text.startsWith(".")
    if (isOwn && node.qualifier !== undefined) {
      const from = join(dirname(file), node.argument.literal.text.replace(/\.js$/, ".d.ts"))
      if (isInternal(from)) used.push([from, node.qualifier.text])
    }
    ts.forEachChild(node, visit)
  }
  for (const node of nodes) visit(node)
  return used
}

/** Returns the declarations of internal modules that public ones refer to: users cannot import them, but see them in types. */
const reachable = (files) => {
  const wanted = files.flatMap((file) =>
    internals(file, parse(file).statements.filter((statement) => !ts.isImportDeclaration(statement)))
  )
  const found = new Map()
  // Grows while it is gone through.
  for (const [file, name] of wanted) {
    const statements = parse(file).statements
    const declared = statements.filter((statement) => names(statement).includes(name))
    if (found.has(`${file}#${name}`) || declared.length === 0) continue
    found.set(`${file}#${name}`, { file, name, text: declared.map(print).join("\n") })
    wanted.push(...internals(file, declared))
    const siblings = new Set(statements.flatMap(names))
    const visit = (node) => {
      if (ts.isIdentifier(node) && siblings.has(node.text)) wanted.push([file, node.text])
      ts.forEachChild(node, visit)
    }
    declared.forEach(visit)
  }
  return [...found.values()].sort((a, b) => `${a.file}#${a.name}` < `${b.file}#${b.name}` ? -1 : 1)
}

/** The names that a user can learn: those of all modules but the barrel, an interface and a tag of one name once. */
const countOf = (files) =>
  files.filter((file) => basename(file) !== "index.d.ts").flatMap((file) => {
    const isExported = (statement) =>
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
    const again = parse(file).statements.filter(ts.isExportDeclaration).flatMap((statement) =>
      statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)
        ? []
        : statement.exportClause.elements.map(({ name }) => name.text)
    )
    return [...new Set([...parse(file).statements.filter(isExported).flatMap(names), ...again])]
  }).length

const section = (title, text) => `## ${title}\n\n\`\`\`ts\n${text}\n\`\`\`\n`

const report = ({ path, title }) => {
  const dist = `${path}/dist`
  // The declarations of a module that is gone stay in `dist` until it is cleaned.
  const modules = readdirSync(dist).filter((file) =>
    file.endsWith(".d.ts") && existsSync(join(path, "src", `${basename(file, ".d.ts")}.ts`))
  ).sort()
  const files = modules.map((file) => join(dist, file))
  const sections = files.map((file) =>
    section(
      basename(file, ".d.ts"),
      declarations(file).filter((s) => s.getText() !== "export {};").map(print).join("\n")
    )
  )
  const inner = reachable(files).map(({ file, text }) => `// ${relative(dist, file).replace(/\.d\.ts$/, "")}\n${text}`)
  return [
    `# The public surface of ${title}`,
    "",
    "Written by `npm run api -- --write`, from the compiler's declarations.",
    "",
    `Exported names: ${countOf(files)}.`,
    "",
    ...sections,
    ...(inner.length === 0 ? [] : [section("Seen through these, but not to be imported", inner.join("\n"))])
  ].join("\n")
}

const write = process.argv.includes("--write")
const temporary = mkdtempSync(join(tmpdir(), "api-"))
const effect4 = "packages/effect-4/api"
mkdirSync(effect4, { recursive: true })
const reports = [
  ...published().map(({ name, path }) => ({ path, title: name, committed: `${path}/api.md` })),
  ...publishedForEffect4().map(({ name, path }) => ({
    path,
    title: `${name} for Effect 4`,
    committed: `${effect4}/${basename(path)}.md`
  }))
]
let changed = false
for (const { committed, path, title } of reports) {
  const text = report({ path, title })
  if (write) {
    writeFileSync(committed, text)
  } else if (!existsSync(committed) || readFileSync(committed, "utf8") !== text) {
    const current = join(temporary, committed.replaceAll("/", "-"))
    writeFileSync(current, text)
    spawnSync("git", ["--no-pager", "diff", "--no-index", existsSync(committed) ? committed : "/dev/null", current], {
      stdio: "inherit"
    })
    changed = true
  }
}
rmSync(temporary, { recursive: true })
if (changed) {
  console.error(
    "The public surface differs from its reports. If that is meant: npm run api -- --write, and a changeset."
  )
  process.exit(1)
}
