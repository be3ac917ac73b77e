/**
 * Reads the arguments into one form, whatever their order: the command, its options with their values, `--`, and the other
 * arguments. An argument that begins with a dash and is not an option is an error: it would be sent as data otherwise,
 * with the credentials of another client if it was meant to choose one.
 */
import type * as Usage from "@effect/cli/Usage"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import { harmless } from "./ansi.js"

interface Known {
  /** The long name. */
  readonly name: string
  readonly takesValue: boolean
}

/** Options by each of their names. */
type Names = ReadonlyMap<string, Known>

interface Command {
  readonly options: Names
  /** Whether it takes arguments beside its options. */
  readonly takesArguments: boolean
}

/** Commands by name. */
export type Grammar = ReadonlyMap<string, Command>

const named = (usage: Usage.Usage): ReadonlyArray<Usage.Named> => {
  switch (usage._tag) {
    case "Named":
      return [usage]
    case "Optional":
    case "Repeated":
      return named(usage.usage)
    case "Alternation":
    case "Concat":
      return [...named(usage.left), ...named(usage.right)]
    default:
      return []
  }
}

const isFlag = ({ acceptedValues }: Usage.Named): boolean => Option.isNone(acceptedValues)

/** The grammar of a command, by its definition. */
export const command = (usage: Usage.Usage): Command => {
  const parts = named(usage)
  return {
    options: new Map(
      parts.flatMap((part) => {
        const name = part.names.find((one) => one.startsWith("--"))
        return name === undefined
          ? []
          : part.names.map((one) => [one, { name, takesValue: !isFlag(part) }] as const)
      })
    ),
    takesArguments: parts.some(({ names }) => names.some((one) => one.startsWith("<")))
  }
}

const flag = (name: string): Known => ({ name, takesValue: false })
const value = (name: string): Known => ({ name, takesValue: true })

/** The options that @effect/cli adds to all commands. */
const builtIn: Names = new Map([
  ["--help", flag("--help")],
  ["-h", flag("--help")],
  ["--version", flag("--version")],
  ["--wizard", flag("--wizard")],
  ["--completions", value("--completions")],
  ["--log-level", value("--log-level")]
])

/** The options of every command, which may be written before the command. */
const common: Names = new Map([
  ["--profile", value("--profile")],
  ["--quiet", flag("--quiet")],
  ["--verbose", flag("--verbose")]
])

const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let at = 0; at < one.length; at += 1) {
    const next = [at + 1]
    for (let column = 0; column < other.length; column += 1) {
      const isSame = one[at] === other[column]
      next.push(
        Math.min((row[column] ?? 0) + (isSame ? 0 : 1), (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1)
      )
    }
    row = next
  }
  return row[other.length] ?? 0
}

/** The option that was meant, if one is spelt almost like it. */
const nearest = (written: string, known: Names): string | undefined => {
  const text = written.toLowerCase()
  const [first] = [...new Set([...known.values()].map(({ name }) => name))]
    .map((name) => ({ name, distance: name.startsWith(text) && text.length > 3 ? 0 : distance(text, name) }))
    .sort((one, other) => one.distance - other.distance)
  return first !== undefined && first.distance <= 2 ? first.name : undefined
}

/** The name without a value, which may be a secret. */
const shown = (argument: string): string => harmless(argument.split(/[=\s]/, 1)[0] ?? "").slice(0, 40)

interface Found extends Known {
  readonly value: string | undefined
}

/** The options of one argument, which may be several letters (`-bI`, `-pHB`, `-p=HB`), or the first that is unknown. */
const optionsOf = (argument: string, known: Names): Either.Either<ReadonlyArray<Found>, string> => {
  if (argument.startsWith("--")) {
    const at = argument.indexOf("=")
    const option = known.get(at === -1 ? argument : argument.slice(0, at))
    return option === undefined
      ? Either.left(argument)
      : Either.right([{ ...option, value: at === -1 ? undefined : argument.slice(at + 1) }])
  }
  const found: Array<Found> = []
  for (let at = 1; at < argument.length; at += 1) {
    const letter = `-${argument[at] ?? ""}`
    const option = known.get(letter)
    if (option === undefined) return Either.left(letter)
    const rest = argument.slice(at + 1).replace(/^=/, "")
    if (option.takesValue) return Either.right([...found, { ...option, value: rest === "" ? undefined : rest }])
    found.push({ ...option, value: undefined })
  }
  return Either.right(found)
}

/** The arguments in one form, or what is wrong with them. */
export const read = (
  args: ReadonlyArray<string>,
  grammar: Grammar
): Either.Either<ReadonlyArray<string>, string> => {
  const options = new Map<string, string | undefined>()
  const others: Array<string> = []
  let name: string | undefined
  let [known, takesArguments]: readonly [Names, boolean] = [new Map([...builtIn, ...common]), false]
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? ""
    if (argument === "--") {
      others.push(...args.slice(at + 1))
      break
    }
    if (!argument.startsWith("-") || argument === "-") {
      if (name !== undefined) {
        others.push(argument)
        continue
      }
      const command = grammar.get(argument)
      // It is not a command, and @effect/cli lists those there are.
      if (command === undefined) return Either.right([argument])
      name = argument
      ;[known, takesArguments] = [new Map([...builtIn, ...command.options]), command.takesArguments]
      continue
    }
    const found = optionsOf(argument, known)
    if (Either.isLeft(found)) {
      const unknown = shown(found.left)
      const meant = nearest(unknown, known)
      return Either.left([
        `Unknown option ${unknown}.`,
        ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
        ...(takesArguments ? ["Write -- before request items that begin with a dash."] : [])
      ].join(" "))
    }
    for (const option of found.right) {
      let text = option.value
      if (option.takesValue && text === undefined) {
        const next = args[at + 1]
        if (next === undefined || next === "--" || known.has(next)) {
          return Either.left(`${option.name} needs a value.`)
        }
        text = next
        at += 1
      }
      if (!option.takesValue && text !== undefined && !/^(true|false)$/.test(text)) {
        return Either.left(`${option.name} does not take a value.`)
      }
      if (options.has(option.name) && options.get(option.name) !== text) {
        return Either.left(`${option.name} is given twice, with different values.`)
      }
      options.set(option.name, text)
    }
  }
  const written = (option: string): ReadonlyArray<string> => {
    const text = options.get(option)
    return !options.has(option) ? [] : text === undefined ? [option] : [option, text]
  }
  const command = name === undefined ? [] : [name]
  for (const one of ["--help", "--wizard", "--version", "--completions"]) {
    if (options.has(one)) return Either.right([...command, ...written(one)])
  }
  return Either.right([
    // @effect/cli reads it before the command only.
    ...written("--log-level"),
    ...command,
    ...[...options.keys()].filter((one) => one !== "--log-level").flatMap(written),
    ...(others.length > 0 ? ["--", ...others] : [])
  ])
}
