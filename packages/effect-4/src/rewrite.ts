/**
 * Rewrites one file of Effect 3 for Effect 4.
 *
 * The rules depend on the symbol that a name refers to: a field of this project named `left` stays unchanged.
 */
import ts from "typescript"

import * as bindings from "./bindings.js"
import * as calls from "./calls.js"
import { apply, type Edit } from "./edits.js"
import { sorted } from "./imports.js"
import { members, renamed, tags, texts } from "./members.js"
import { Rewriting } from "./rewriting.js"

/** An import of modules of Effect, from where they are. */
const importDeclaration = (to: Rewriting, node: ts.ImportDeclaration): boolean => {
  if (!ts.isStringLiteral(node.moduleSpecifier)) return false
  const path = node.moduleSpecifier.text
  const clause = node.importClause
  const named = clause?.namedBindings
  if (clause === undefined || named === undefined || !/^(effect|@effect\/[^/]+)(\/\w+)?$/.test(path)) return false
  const keyword = clause.isTypeOnly ? "import type" : "import"
  if (ts.isNamespaceImport(named)) {
    const target = to.target(path)
    if (target === undefined) return false
    const local = to.localOf(named.name.text, path)
    to.replace(
      node,
      target.name === "*"
        ? `${keyword} * as ${local} from "${target.barrel}"`
        : `${keyword} * as ${local} from "${target.barrel}/${target.name}"`
    )
    return true
  }
  if (path === "@effect/vitest" || path.split("/").length > (path.startsWith("@") ? 2 : 1)) {
    const target = to.target(path)
    if (target !== undefined) to.replace(node.moduleSpecifier, `"${target.barrel}/${target.name}"`)
    for (const { name, propertyName } of named.elements) {
      const member = to.rule(`renamed ${path}`, renamed[path], (propertyName ?? name).text)
      if (member !== undefined) to.replace(name, `${member} as ${name.text}`)
    }
    return true
  }
  const groups = new Map<string, Array<string>>()
  const lines: Array<string> = []
  for (const { isTypeOnly, name, propertyName } of named.elements) {
    const exported = (propertyName ?? name).text
    const target = to.target(`${path}/${exported}`)
    if (target === undefined || !/^[A-Z]/.test(exported)) {
      groups.set(path, [...groups.get(path) ?? [], (isTypeOnly ? "type " : "") + to.text(name)])
      continue
    }
    const local = to.localOf(name.text, `${path}/${exported}`)
    if (target.name === "*") {
      lines.push(`${isTypeOnly ? "import type" : keyword} * as ${local} from "${target.barrel}"`)
      continue
    }
    const item = (isTypeOnly ? "type " : "") + (local === target.name ? local : `${target.name} as ${local}`)
    groups.set(target.barrel, [...groups.get(target.barrel) ?? [], item])
  }
  for (const [barrel, items] of groups) lines.push(`${keyword} { ${[...new Set(items)].join(", ")} } from "${barrel}"`)
  to.replace(node, lines.join("\n"))
  return true
}

/** `class X extends Context.Tag(key)<X, S>() {}` and `class X extends Context.Reference<X>()(key, options) {}`. */
const classDeclaration = (to: Rewriting, node: ts.ClassDeclaration): void => {
  const heritage = node.heritageClauses?.[0]?.types[0]
  if (heritage === undefined || !ts.isCallExpression(heritage.expression)) return
  const outer = heritage.expression
  if (ts.isCallExpression(outer.expression)) {
    const inner = outer.expression
    if (to.isMember(inner.expression, "effect/Context", "Tag") && inner.arguments[0] !== undefined) {
      const [id] = inner.arguments
      const types = (outer.typeArguments ?? []).map((type) => to.text(type)).join(", ")
      to.replaceBetween(inner.expression.end, id.getStart(to.file), `<${types}>()(`)
      to.replaceBetween(id.end, outer.end, ")")
      return
    }
    if (to.isMember(inner.expression, "effect/Context", "Reference") && node.name !== undefined) {
      const [id, options] = outer.arguments
      if (id === undefined || options === undefined) return
      const start = (node.modifiers?.[0] ?? node).getStart(to.file)
      const keyword = node.modifiers?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) === true
        ? "export const"
        : "const"
      to.replaceBetween(start, inner.expression.getStart(to.file), `${keyword} ${node.name.text} = `)
      to.replaceBetween(inner.expression.end, id.getStart(to.file), "(")
      to.replaceBetween(heritage.end, node.end, "")
    }
  }
}

const isEffectType = (to: Rewriting, type: ts.Type | undefined): boolean =>
  type !== undefined && to.isOf(type, "effect/Effect", ["Effect"])

/** Returns whether an expression may be a value that is used as an `Effect`. Its types take much longer to compute. */
const mayBeAsEffect = (node: ts.Expression): boolean => {
  const { parent } = node
  const isPart = ts.isCallExpression(parent) && parent.expression === node || ts.isPropertyAccessExpression(parent)
  return !isPart && !ts.isParenthesizedExpression(node) && !ts.isConditionalExpression(node) &&
    !ts.isFunctionLike(node) && !ts.isLiteralExpression(node) && !ts.isTemplateExpression(node) &&
    !ts.isObjectLiteralExpression(node) && !ts.isArrayLiteralExpression(node)
}

/** An `Either` or an `Option` where an `Effect` is wanted: they are none. */
const valueAsEffect = (to: Rewriting, node: ts.Expression): void => {
  if (!mayBeAsEffect(node)) return
  const { parent } = node
  const isYielded = ts.isYieldExpression(parent) && parent.asteriskToken !== undefined && parent.expression === node
  const isWanted = isYielded || isEffectType(to, to.checker.getContextualType(node))
  if (!isWanted) return
  const kind = to.isEither(node) ? "Either" : to.isOption(node) ? "Option" : undefined
  if (kind === undefined || isYielded && inGeneratorOf(node, to) === `effect/${kind}`) return
  to.insert(node.getStart(to.file), `${to.use("effect/Effect")}.from${kind === "Either" ? "Result" : kind}(`)
  to.insert(node.end, ")")
}

/** The module whose `gen` a `yield*` belongs to. */
const inGeneratorOf = (node: ts.Node, to: Rewriting): string | undefined => {
  let current = node.parent
  while (!ts.isFunctionExpression(current) || current.asteriskToken === undefined) {
    if (current.parent === undefined) return undefined
    current = current.parent
  }
  return ts.isCallExpression(current.parent) ? to.memberOf(current.parent.expression)?.module : undefined
}

/** `value._tag === "Left"`, `case "Left"`, of a value that Effect declares. */
const tagLiteral = (to: Rewriting, node: ts.StringLiteral): void => {
  const { parent } = node
  const other = ts.isBinaryExpression(parent)
    ? (parent.left === node ? parent.right : parent.left)
    : ts.isCaseClause(parent)
    ? parent.parent.parent.expression
    : undefined
  if (other === undefined || !ts.isPropertyAccessExpression(other) || other.name.text !== "_tag") return
  for (const [module, names] of Object.entries(tags)) {
    if (!to.isOf(to.checker.getTypeAtLocation(other.expression), module, Object.keys(names))) continue
    const name = to.rule(`tags ${module}`, names, node.text)
    if (name !== undefined) to.replace(node, `"${name}"`)
  }
}

/** `Effect.Effect.Success` is `Effect.Success`. */
const nestedName = (to: Rewriting, node: ts.QualifiedName): boolean => {
  const { left, right } = node
  if (!ts.isQualifiedName(left)) return false
  const module = to.moduleOf(left.left)
  if (module === undefined || module.startsWith("@effect/platform/") || !module.endsWith(`/${left.right.text}`)) {
    return false
  }
  to.replaceBetween(left.right.getStart(to.file), node.end, right.text)
  return true
}

const memberName = (to: Rewriting, node: ts.PropertyAccessExpression | ts.QualifiedName): void => {
  const name = ts.isQualifiedName(node) ? node.right : node.name
  const owner = ts.isQualifiedName(node) ? node.left : node.expression
  const member = to.memberOf(node)
  if (member !== undefined) {
    const text = ts.isQualifiedName(node)
      ? undefined
      : to.rule(`strings ${member.module}`, texts[member.module], member.name)
    if (text !== undefined) {
      to.replace(node, `"${text}"`)
      return
    }
    const other = to.rule(`renamed ${member.module}`, renamed[member.module], member.name)
    if (other === undefined) return
    const [module, inModule] = other.includes(".") ? other.split(".") : [undefined, other]
    if (module === undefined || inModule === undefined) to.replace(name, other)
    else to.replace(node, `${to.use(module.includes("/") ? module : `effect/${module}`)}.${inModule}`)
    return
  }
  if (ts.isQualifiedName(node)) return
  const other = memberOf(
    to,
    name.text,
    bindings.originOf(to.checker.getSymbolAtLocation(name)) ??
      unionOrigin(to.checker.getTypeAtLocation(owner), name.text)
  )
  if (other !== undefined) to.replace(name, other)
}

/** The name in Effect 4 of a member of a value, where it has another. */
const memberOf = (to: Rewriting, name: string, origin: bindings.Origin | undefined): string | undefined => {
  if (origin === undefined) return undefined
  const type = `${origin.module}#${origin.owner ?? ""}`
  return to.rule(`members ${type}`, members[type], name)
}

const unionOrigin = (type: ts.Type, name: string): bindings.Origin | undefined =>
  type.isUnion()
    ? type.types.map((part) => bindings.originOf(part.getProperty(name))).find((origin) => origin !== undefined)
    : bindings.originOf(type.getProperty(name))

/** `{ left }` of an `Either`, in a pattern. */
const bindingElement = (to: Rewriting, node: ts.BindingElement): void => {
  const name = node.propertyName ?? node.name
  if (!ts.isIdentifier(name) || !ts.isObjectBindingPattern(node.parent)) return
  const other = memberOf(to, name.text, unionOrigin(to.checker.getTypeAtLocation(node.parent), name.text))
  if (other === undefined) return
  if (node.propertyName === undefined) to.insert(node.name.getStart(to.file), `${other}: `)
  else to.replace(node.propertyName, other)
}

/** `{ path }` of a request, in an object that Effect takes. */
const propertyName = (to: Rewriting, node: ts.PropertyAssignment): void => {
  if (!ts.isIdentifier(node.name)) return
  const property = to.checker.getContextualType(node.parent)?.getProperty(node.name.text)
  const other = memberOf(to, node.name.text, bindings.originOf(property))
  if (other !== undefined) to.replace(node.name, other)
}

const visit = (to: Rewriting, node: ts.Node): void => {
  if (ts.isImportDeclaration(node)) {
    if (importDeclaration(to, node)) return
  } else if (ts.isClassDeclaration(node)) classDeclaration(to, node)
  else if (ts.isStringLiteral(node)) tagLiteral(to, node)
  else if (ts.isBindingElement(node)) bindingElement(to, node)
  else if (ts.isPropertyAssignment(node)) propertyName(to, node)
  else if (ts.isIdentifier(node)) {
    const module = to.moduleOf(node)
    const local = module === undefined ? undefined : to.localOf(node.text, module)
    if (local !== undefined && local !== node.text && !isReplaced(to, node)) to.replace(node, local)
    if (module === undefined && isReference(node)) valueAsEffect(to, node)
    return
  } else if (ts.isCallExpression(node)) calls.rewrite(to, node)
  else if (ts.isTypeReferenceNode(node)) calls.typeReference(to, node)
  if (ts.isQualifiedName(node) && nestedName(to, node)) {
    visit(to, leftmost(node))
    return
  }
  if (ts.isPropertyAccessExpression(node) || ts.isQualifiedName(node)) memberName(to, node)
  if (ts.isExpression(node)) valueAsEffect(to, node)
  ts.forEachChild(node, (child) => visit(to, child))
}

/** Returns whether an identifier is an expression rather than the name of a declaration or member. */
const isReference = (node: ts.Identifier): boolean => {
  const { parent } = node
  const isName = "name" in parent && parent.name === node || "propertyName" in parent && parent.propertyName === node
  return !isName && !ts.isTypeNode(parent)
}

const leftmost = (node: ts.QualifiedName): ts.Identifier => ts.isIdentifier(node.left) ? node.left : leftmost(node.left)

const isReplaced = (to: Rewriting, node: ts.Node): boolean => {
  const start = node.getStart(to.file)
  return to.edits.some((edit) => edit.start <= start && edit.end >= node.end && edit.end > edit.start)
}

/** Imports a module whose types were enough before. */
const withValues = (text: string, names: ReadonlySet<string>): string =>
  text.replaceAll(
    /^import type (\* as (\w+) from)/gm,
    (declaration, rest: string, name: string) => names.has(name) ? `import ${rest}` : declaration
  ).replaceAll(
    /^import (type )?(\{[^}]*\} from)/gm,
    (declaration, isType: string | undefined, rest: string) =>
      isType === undefined
        ? declaration.replaceAll(/\btype (\w+)/g, (type, name: string) => names.has(name) ? name : type)
        : (rest.match(/\w+/g) ?? []).some((name) => names.has(name))
        ? `import ${rest}`
        : declaration
  )

/** Removes the imports that nothing refers to. */
export const withoutUnusedImports = (text: string): string => {
  const file = ts.createSourceFile("file.ts", text, ts.ScriptTarget.Latest, true)
  const used = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return
    if (ts.isIdentifier(node)) used.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  const edits: Array<Edit> = []
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement)) continue
    const bound = statement.importClause?.namedBindings
    if (bound === undefined) continue
    const remove = () => edits.push({ start: statement.getStart(file), end: statement.end, text: "" })
    if (ts.isNamespaceImport(bound)) {
      if (!used.has(bound.name.text)) remove()
      continue
    }
    const kept = bound.elements.filter(({ name }) => used.has(name.text))
    if (kept.length === 0) remove()
    else if (kept.length < bound.elements.length) {
      edits.push({
        start: bound.getStart(file),
        end: bound.end,
        text: `{ ${kept.map((element) => element.getText(file)).join(", ")} }`
      })
    }
  }
  return apply(text, edits)
}

/** Returns the content of a file for Effect 4. Adds the names of the applied rules to `used`. */
export const rewrite = (file: ts.SourceFile, checker: ts.TypeChecker, used: Set<string>): string => {
  const to = new Rewriting(file, checker, used)
  visit(to, file)
  const added = to.imports()
  const first = file.statements.find(ts.isImportDeclaration)
  if (added !== "") to.insert(first?.getStart(file) ?? 0, added)
  const edits = to.edits.filter((edit, index) => !within(edit, index, to.edits))
  return sorted(withoutUnusedImports(withValues(apply(file.text, edits), to.used)))
}

/** Returns whether an edit is inside a range that is replaced as a whole, and so is part of that replacement. */
const within = (edit: Edit, index: number, edits: ReadonlyArray<Edit>): boolean =>
  edits.some((other, at) =>
    at !== index && other.end > other.start && other.start <= edit.start && other.end >= edit.end &&
    (other.start < edit.start || other.end > edit.end || at < index) &&
    !(edit.start === edit.end && (edit.start === other.start || edit.start === other.end))
  )
