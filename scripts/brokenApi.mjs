// What a version of Effect breaks, from the compiler's messages over a program that uses it.

const message = /^(.+?)\((\d+),(\d+)\): error TS\d+: (.*)$/

/** `effect/http/HttpClient`, of the path of its declarations or of the name that was imported. */
const moduleOf = (path) =>
  /(?:^|node_modules\/)((?:@effect\/[\w-]+|effect)(?:\/.*)?)$/.exec(path)?.[1]
    ?.replace(/\/(?:dist|src)(?=\/)/, "")
    .replace(/(?:\.d)?\.[cm]?ts$|\/index$/g, "")

/** Compiler messages about a name that a module of Effect no longer has. */
const missing = [
  [/^(?:Cannot find|Could not find a declaration file for) module '([^']+)'/, () => undefined],
  [/^(?:Module|Namespace) '"?([^"']+)"?' has no exported member '(\w+)'/, (name) => name],
  [/^'"([^"']+)"' has no exported member named '(\w+)'/, (name) => name]
]

const missingIn = (text) => {
  const property = /^Property '(\w+)' does not exist on type 'typeof import\("([^"]+)"/.exec(text)
  if (property !== null) return { module: moduleOf(property[2]), name: property[1] }
  for (const [pattern, nameOf] of missing) {
    const found = pattern.exec(text)
    if (found !== null) return { module: moduleOf(found[1]), name: nameOf(found[2]) }
  }
  return undefined
}

/** The modules of Effect that a source imports, by their names there. */
const importsOf = (source) => {
  const found = new Map()
  const statement = /^import (?:type )?(?:\* as (\w+)|\{([^}]*)\}) from "((?:@effect\/[\w-]+|effect)(?:\/[^"]*)?)"/gm
  for (const [, namespace, names, from] of source.matchAll(statement)) {
    if (namespace !== undefined) found.set(namespace, from)
    for (const name of names?.split(",") ?? []) {
      const [exported, local = exported] = name.trim().replace(/^type /, "").split(" as ")
      found.set(local, `${from}/${exported}`)
    }
  }
  return found
}

/** The member of Effect that a message is about: the last one of the line up to where it points, or the next one. */
const usedAt = (source, line, column) => {
  const imported = importsOf(source)
  const members = [...(source.split("\n")[line - 1] ?? "").matchAll(/\b([A-Z]\w*)\.(\w+)/g)]
    .filter(([, local]) => imported.has(local))
  const used = members.findLast(({ index }) => index < column) ?? members[0]
  return used === undefined ? undefined : { module: imported.get(used[1]), name: used[2] }
}

/**
 * One line for each name of Effect, with the places: first those that are missing, then those that have changed, which may
 * follow from the first, and at last what concerns no name of Effect.
 */
export const brokenApi = (output, read) => {
  const found = new Map()
  const add = (title, place) => found.set(title, [...found.get(title) ?? [], place])
  for (const text of output.split("\n")) {
    const [, file, line, column, said] = message.exec(text) ?? []
    if (file === undefined) continue
    const place = `${file}:${line}`
    const gone = missingIn(said)
    if (gone?.module !== undefined) {
      add(gone.name === undefined ? `1 ${gone.module} is missing` : `1 ${gone.module}: ${gone.name} is missing`, place)
      continue
    }
    const used = usedAt(read(file), Number(line), Number(column))
    if (used === undefined) add(`3 ${said}`, place)
    else add(`2 ${used.module}: ${used.name} has changed: ${said}`, place)
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([title, places]) =>
    `${title.slice(2)} (${places.join(", ")})`
  )
}
