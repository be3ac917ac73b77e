// The doors between the rooms: an import may point to the same room or down, there are no cycles, and the rooms of rules
// import nothing of Effect. Each seam has a twin. Type imports and dynamic imports count as any other.
import { existsSync, readdirSync } from "node:fs"

import { graphOf, importsOf, levelOf, library, modulesIn, resolve, roomOf, rooms } from "./rooms.mjs"

/** The barrel, which exports the modules and is imported by none. */
const barrel = "index"

const tests = "packages/client-credentials/test"

const shown = (name) => `${library}/${name}.ts`

const pointingUp = (graph) =>
  [...graph].filter(([name]) => name !== barrel).flatMap(([name, imports]) =>
    imports.filter((other) => other === barrel || levelOf(other) < levelOf(name)).map((
      other
    ) =>
      other === barrel
        ? `${shown(name)} imports the barrel ./index.js: import the module itself.`
        : `${shown(name)} imports ${other}, which is above it: ${
          roomOf(name).name
        } may import from its own room and from ` +
          `those below (${rooms.slice(levelOf(name) + 1).map((room) => room.name).join(", ") || "none"}).`
    )
  )

const withoutRoom = (graph) =>
  [...graph.keys()].filter((name) => name !== barrel && roomOf(name) === undefined).map((name) =>
    `${shown(name)} is in no room: add it to scripts/rooms.mjs.`
  )

/** `jose` signs assertions; it needs no Effect either. */
const ofRules = /^(?:jose$|\.)/

const impure = (graph) =>
  [...graph.keys()].filter((name) => roomOf(name)?.isPure === true).flatMap((name) =>
    importsOf(library, name).filter((specifier) => !ofRules.test(specifier)).map((
      specifier
    ) =>
      `${shown(name)} imports ${specifier}: internal/${
        roomOf(name).name
      } has plain values only, and imports no package but jose.`
    )
  )

/** One cycle for each module from which a module leads back to itself, by the shortest way. */
const cycles = (directory, graph) => {
  const found = new Map()
  for (const start of graph.keys()) {
    const ways = [[start]]
    const seen = new Set([start])
    for (const way of ways) {
      for (const next of graph.get(way.at(-1)) ?? []) {
        if (next === start) {
          const key = [...way].sort().join()
          if (!found.has(key)) found.set(key, way)
        } else if (!seen.has(next)) {
          seen.add(next)
          ways.push([...way, next])
        }
      }
    }
  }
  return [...found.values()].map((way) =>
    `${directory}/${way[0]}.ts imports itself by way of ${
      [...way.slice(1), way[0]].join(" > ")
    }: imports have no cycles.`
  )
}

/** The command line is one bundle with the library in it, so it may use the rules instead of repeating them. */
const isBundled = (directory, specifier) =>
  directory === "packages/cli/src" &&
  /client-credentials\/dist\/internal\/(?:(?:protocol|token)\/|config\/(?:variables|proxies)\.js|models\/tokenErrors\.js|http\/contentCoding\.js)/
    .test(specifier)

/** Imports of the library's internal modules, which are not exported to other packages. */
const internals = (directory, graph) =>
  [...graph.keys()].flatMap((name) =>
    importsOf(directory, name)
      .filter((specifier) =>
        /client-credentials\/(?:src|dist|internal)\b/.test(specifier) && !directory.includes("client-credentials") &&
        !isBundled(directory, specifier)
      )
      .map((specifier) => `${directory}/${name}.ts imports ${specifier}: other packages use the public modules only.`)
  )

/** The rooms that tests are in: a folder of tests is named after the room that they test. */
const testsPointingUp = () =>
  modulesIn(tests).flatMap((name) => {
    const room = rooms.find((room) =>
      name.startsWith(`${room.name}/`) && room.modules.includes(`internal/${room.name}/*`)
    )
    if (room === undefined) return []
    return importsOf(tests, name).flatMap((specifier) => {
      const other = resolve(tests, name, specifier)?.replace(/^\.\.\/src\//, "")
      return other !== undefined && roomOf(other) !== undefined && levelOf(other) < rooms.indexOf(room)
        ? [
          `${tests}/${name}.ts tests ${room.name} and imports ${other}, which is above it: it belongs to another folder.`
        ]
        : []
    })
  })

/** Seams have a twin for Effect 4; what is the same for both majors belongs to another room. */
const seams = (directory) => {
  const twins = directory.replace("packages/", "packages/effect-4/own/")
  const names = (root) => existsSync(`${root}/internal/seam`) ? readdirSync(`${root}/internal/seam`) : []
  const lacking = (root, other) =>
    names(root).filter((name) => !names(other).includes(name)).map((name) =>
      `${root}/internal/seam/${name} has no twin in ${other}: a seam has one for each major.`
    )
  return [...lacking(directory, twins), ...lacking(twins, directory)]
}

const graph = graphOf(library)
const directories = readdirSync("packages").map((name) => `packages/${name}/src`).filter((path) => existsSync(path))
const problems = [
  ...withoutRoom(graph),
  ...pointingUp(graph),
  ...impure(graph),
  ...testsPointingUp(),
  ...directories.flatMap((directory) => {
    const imports = directory === library ? graph : graphOf(directory)
    return [...cycles(directory, imports), ...internals(directory, imports), ...seams(directory)]
  })
]

for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`${problems.length} imports or seams are not allowed; the order of the rooms is in scripts/rooms.mjs.`)
  process.exit(1)
}
