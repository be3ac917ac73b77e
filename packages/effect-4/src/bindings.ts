/**
 * The names by which a file calls modules of Effect.
 */
import ts from "typescript"

/** A name in a file, and the module that it refers to. */
export interface Binding {
  readonly symbol: ts.Symbol
  /** The path of the module, also where it is imported from the barrel of its package. */
  readonly module: string
}

const packages = /^(effect|@effect\/[^/]+)(?:\/(\w+))?$/

/** The functions of a test runner are members of a value, as others are of a module. */
const isModuleName = (name: string): boolean => /^[A-Z]/.test(name) || name === "it"

/** Returns the modules of Effect that a file imports, by their local names. */
export const read = (file: ts.SourceFile, checker: ts.TypeChecker): ReadonlyMap<string, Binding> => {
  const found = new Map<string, Binding>()
  const add = (name: ts.Identifier, module: string) => {
    const symbol = checker.getSymbolAtLocation(name)
    if (symbol !== undefined) found.set(name.text, { symbol, module })
  }
  for (const statement of file.statements) {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue
    const path = statement.moduleSpecifier.text
    const bindings = statement.importClause?.namedBindings
    if (bindings === undefined || !packages.test(path)) continue
    if (ts.isNamespaceImport(bindings)) add(bindings.name, path)
    else if (packages.exec(path)?.[2] === undefined) {
      for (const { name, propertyName } of bindings.elements) {
        const exported = (propertyName ?? name).text
        if (isModuleName(exported)) add(name, `${path}/${exported}`)
      }
    }
  }
  return found
}

/** Declaration of a symbol: the module, and the interface or class within it. */
export interface Origin {
  readonly module: string
  readonly owner: string | undefined
  readonly name: string
}

const declaring = /node_modules\/(effect|@effect\/[^/]+)\/(?:dist|build)\/(?:dts\/)?(\w+)\.d\.ts$/

/** Returns where a member of Effect is declared; undefined for a member of something else. */
export const originOf = (symbol: ts.Symbol | undefined): Origin | undefined => {
  const declaration = symbol?.declarations?.[0]
  if (symbol === undefined || declaration === undefined) return undefined
  const [, name, module] = declaring.exec(declaration.getSourceFile().fileName) ?? []
  if (name === undefined || module === undefined) return undefined
  const { parent } = declaration
  const owner = ts.isInterfaceDeclaration(parent) || ts.isClassDeclaration(parent) ? parent.name?.text : undefined
  return { module: `${name}/${module}`, owner, name: symbol.name }
}
