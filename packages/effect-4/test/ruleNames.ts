/** The names of the generator's rules: the table, and what it changes. */
import * as calls from "../src/calls.js"
import * as members from "../src/members.js"
import * as modules from "../src/modules.js"

const inTables = (table: string, rules: Readonly<Record<string, Readonly<Record<string, unknown>>>>) =>
  Object.entries(rules).flatMap(([part, names]) => Object.keys(names).map((name) => `${table} ${part}.${name}`))

export const names: ReadonlyArray<string> = [
  ...inTables("renamed", members.renamed),
  ...inTables("members", members.members),
  ...inTables("strings", members.texts),
  ...inTables("tags", members.tags),
  ...Object.keys(calls.rules).map((name) => `calls.${name}`),
  ...Object.keys(modules.moved).map((name) => `moved.${name}`)
]
