/**
 * State of a file while it is rewritten: the symbols of its names, and the edits.
 */
import ts from "typescript"

import * as bindings from "./bindings.js"
import type { Edit } from "./edits.js"
import * as modules from "./modules.js"

/** A file in progress, as the rules read and edit it. */
export class Rewriting {
  readonly edits: Array<Edit> = []
  readonly bound: ReadonlyMap<string, bindings.Binding>
  /** The names of modules that the rules use, not for their types alone. */
  readonly used = new Set<string>()
  private readonly added = new Map<string, modules.Module>()

  /** The names of rules that are used are added to `rules`. */
  constructor(readonly file: ts.SourceFile, readonly checker: ts.TypeChecker, readonly rules: Set<string>) {
    this.bound = bindings.read(file, checker)
  }

  /** Looks a rule up in a table, whose name is part of that of the rule. */
  rule<Rule>(table: string, rules: Readonly<Record<string, Rule>> | undefined, name: string): Rule | undefined {
    const rule = rules !== undefined && Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule !== undefined) this.rules.add(`${table}.${name}`)
    return rule
  }

  /** The module of Effect 4 in place of one of Effect 3; undefined for modules of others. */
  target(module: string): modules.Module | undefined {
    return this.rule("moved", modules.moved, module) ?? modules.target(module)
  }

  replace(node: ts.Node, text: string): void {
    this.edits.push({ start: node.getStart(this.file), end: node.end, text })
  }

  replaceBetween(start: number, end: number, text: string): void {
    this.edits.push({ start, end, text })
  }

  insert(position: number, text: string): void {
    this.edits.push({ start: position, end: position, text })
  }

  text(node: ts.Node): string {
    return node.getText(this.file)
  }

  /** The name of a module of Effect 4 in this file, which is imported where it was not. */
  use(module: string): string {
    const target = this.target(module)
    if (target === undefined) throw new Error(`${module} is not a module of Effect`)
    for (const [local, { module: other }] of this.bound) {
      if (other !== module) continue
      const name = this.localOf(local, module)
      this.used.add(name)
      return name
    }
    this.added.set(target.name, target)
    return target.name
  }

  /** A name of a module of this project. */
  useOwn(name: string, module: string): string {
    this.added.set(name, { barrel: module, name })
    return name
  }

  /** Returns the module that an expression refers to. */
  moduleOf(node: ts.Node): string | undefined {
    if (!ts.isIdentifier(node)) return undefined
    const binding = this.bound.get(node.text)
    return binding !== undefined && this.checker.getSymbolAtLocation(node) === binding.symbol
      ? binding.module
      : undefined
  }

  /** Returns the member of a module that an expression or a type refers to, such as `effect/Effect.map`. */
  memberOf(node: ts.Node): { readonly module: string; readonly name: string } | undefined {
    if (ts.isPropertyAccessExpression(node)) {
      const module = this.moduleOf(node.expression)
      return module === undefined ? undefined : { module, name: node.name.text }
    }
    if (ts.isQualifiedName(node)) {
      const module = this.moduleOf(node.left)
      return module === undefined ? undefined : { module, name: node.right.text }
    }
    return undefined
  }

  isMember(node: ts.Node, module: string, name: string): boolean {
    const member = this.memberOf(node)
    return member !== undefined && member.module === module && member.name === name
  }

  /** Returns whether a type is, or may be, a type that a module of Effect declares. */
  isOf(type: ts.Type, module: string, names: ReadonlyArray<string>): boolean {
    const parts = type.isUnion() ? type.types : [type]
    return parts.some((part) => {
      const origin = bindings.originOf(part.aliasSymbol ?? part.symbol) ?? bindings.originOf(part.symbol)
      return origin !== undefined && origin.module === module && names.includes(origin.name)
    })
  }

  isEither(node: ts.Node): boolean {
    return this.isEitherType(this.checker.getTypeAtLocation(node))
  }

  isEitherType(type: ts.Type): boolean {
    return this.isAlways(type, "effect/Either", ["Left", "Right"])
  }

  isOption(node: ts.Node): boolean {
    return this.isAlways(this.checker.getTypeAtLocation(node), "effect/Option", ["None", "Some"])
  }

  private isAlways(type: ts.Type, module: string, names: ReadonlyArray<string>): boolean {
    const parts = type.isUnion() ? type.types : [type]
    return parts.length > 0 && parts.every((part) => this.isOf(part, module, names))
  }

  /** The local name of an imported module: that of its module in Effect 4, unless the file has its own. */
  localOf(local: string, module: string): string {
    const before = /\w+$/.exec(module)?.[0]
    const after = this.target(module)?.name
    if (after === undefined || after === "*" || before !== local || after === local) return local
    return this.has(after) ? `${after}s` : after
  }

  private names: ReadonlySet<string> | undefined

  private has(name: string): boolean {
    if (this.names === undefined) {
      const names = new Set<string>()
      const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node) && !(ts.isPropertyAccessExpression(node.parent) && node.parent.name === node)) {
          names.add(node.text)
        }
        ts.forEachChild(node, visit)
      }
      visit(this.file)
      this.names = names
    }
    return this.names.has(name)
  }

  /** True if the file imports modules of Effect one by one: importing a barrel would load all of them. */
  private get isByModule(): boolean {
    return this.file.statements.some((statement) =>
      ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier) &&
      /^effect\/\w+$/.test(statement.moduleSpecifier.text)
    )
  }

  imports(): string {
    const { isByModule } = this
    return [...this.added.values()].map(({ barrel, name }) =>
      isByModule && /^effect\b/.test(barrel)
        ? `import * as ${name} from "${barrel}/${name}"\n`
        : `import { ${name} } from "${barrel}"\n`
    ).join("")
  }
}
