/**
 * Reads the arguments: an option that is unknown, misspelt or in another case is an error that names the nearest
 * one. It would otherwise be sent as data, and with the credentials of another client if it was meant to select one.
 */
import { parseArgs, type ParseArgsConfig } from "node:util"

import { harmless } from "./ansi.js"
import { builtIn, commands, common } from "./commandTable.js"
import { type Command, type Option, type Options, written } from "./declaration.js"
import { listed, nearest, nearestLong, withLastWord } from "./nearest.js"

/** The values of options as they are written; those that are absent are undefined, or false. */
export type Read = Readonly<Record<string, string | number | boolean | undefined>>

/** A problem with the arguments, reported on standard error. */
export interface Problem {
  readonly _tag: "Problem"
  readonly message: string
}

export type Request =
  | { readonly _tag: "Help"; readonly command: string | undefined }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Completions"; readonly shell: string }
  | {
    readonly _tag: "Run"
    readonly command: Command
    readonly logLevel: string | undefined
    readonly values: Read & { readonly args: ReadonlyArray<string> }
  }

/** Ends the reading; it leaves this module as a `Problem`. */
class Wrong extends Error {}

const wrong = (message: string): never => {
  throw new Wrong(message)
}

interface Known {
  readonly key: string
  readonly option: Option
}

/** Options by the name that is written. */
type Names = ReadonlyMap<string, Known>

/** Before a command, or without one. */
const global: Options = {
  ...common,
  ...builtIn,
  completions: {
    type: "choice",
    placeholder: "SHELL",
    choices: ["bash", "zsh", "fish"],
    description: "Print the completions for a shell."
  }
}

/** The options of all commands, by name. */
const allOptions: Options = Object.assign({}, ...[...commands.values()].map(({ options }) => options))

export const optionsOf = (command: string | undefined): Options =>
  command === undefined ? global : { ...commands.get(command)?.options, ...builtIn }

const namesOf = (options: Options): Names =>
  new Map(Object.entries(options).map(([key, option]) => [written(key), { key, option }]))

const tokensOf = (args: ReadonlyArray<string>, names: Names) => {
  const options: NonNullable<ParseArgsConfig["options"]> = Object.fromEntries(
    [...names].map(([name, { option: { short, type } }]) => [
      name,
      { type: type === "flag" ? "boolean" as const : "string" as const, ...(short === undefined ? {} : { short }) }
    ])
  )
  // Problems are found in the tokens, so that messages name options consistently and contain no values.
  return parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true }).tokens
}

type Token = ReturnType<typeof tokensOf>[number]

const shown = (text: string): string => harmless(text.slice(0, 40))

const takesArguments = (command: string | undefined): boolean => commands.get(command ?? "")?.args !== undefined

const meant = (found: string | undefined): string => found === undefined ? "" : ` Did you mean ${found}?`

/** Returns the value of an option, or the problem with it. */
const valueOf = (
  name: string,
  { choices, type }: { readonly type: Option["type"]; readonly choices?: ReadonlyArray<string> },
  text: string
): string | number => {
  switch (type) {
    case "choice":
      return choices?.includes(text) === true
        ? text
        : wrong(`--${name} must be one of ${choices?.join(", ")}.${meant(nearest(text, choices ?? []))}`)
    case "integer":
      return /^-?\d{1,15}$/.test(text) ? Number(text) : wrong(`--${name} must be an integer.`)
    case "number":
      return /^-?\d{1,15}(\.\d+)?$/.test(text)
        ? Number(text)
        : wrong(`--${name} must be a number, such as 4 or 0.5.`)
    default:
      return text
  }
}

/** Options of another command that were probably meant: the same one, or those with the same last word. */
const elsewhere = (rawName: string): string => {
  for (const [command, { options }] of commands) {
    const all = Object.keys(options).map((key) => `--${written(key)}`)
    const found = all.includes(rawName) ? [rawName] : withLastWord(rawName, all)
    if (found.length > 0) return ` effect-oauth ${command} has ${listed(found, "and")}.`
  }
  return ""
}

/** The options that were probably meant, of this command or else of another one. */
const suggested = (rawName: string, names: Names): string => {
  if (!rawName.startsWith("--")) return ""
  const all = [...names.keys()].map((name) => `--${name}`)
  const found = nearest(rawName, all)
  const others = found === undefined ? withLastWord(rawName, all) : [found]
  return others.length > 0 ? meant(listed(others, "or")) : elsewhere(rawName)
}

/** Options of curl and wget that name the method. */
const ofMethod = /^(-X|--request|--method)$/

const unknown = (rawName: string, names: Names, command: string | undefined): string =>
  `Unknown option ${harmless(rawName.split(/\s/, 1)[0] ?? "").slice(0, 40)}.` + (
    command === "call" && ofMethod.test(rawName)
      ? " The method comes before the URL: effect-oauth call DELETE /items/1."
      : suggested(rawName, names) +
        (takesArguments(command) ? " Write -- before arguments that begin with a dash." : "")
  )

/** Rejects a long name behind one dash: `-offline` is not `-o ffline`. */
const rejectSingleDashes = (args: ReadonlyArray<string>, tokens: ReadonlyArray<Token>, names: Names): void => {
  for (const token of tokens) {
    if (token.kind !== "option" || token.rawName.startsWith("--")) continue
    const [written = ""] = (args[token.index] ?? "").split("=", 1)
    const found = nearestLong(written.slice(1), [...names.keys()])
    if (found !== undefined) wrong(`Unknown option ${harmless(written).slice(0, 40)}. Did you mean --${found}?`)
  }
}

/** The dashes that editors and chats write in place of hyphens, and blanks before a dash. */
const dashes = /^(?:\s+[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]|[\u2010-\u2015\u2212\ufe58\ufe63\uff0d])[\s\S]*/

/** Rejects arguments that are probably options, or variables without a value, before `--`. */
const rejectDoubtful = (tokens: ReadonlyArray<Token>, names: Names): void => {
  const end = tokens.find(({ kind }) => kind === "option-terminator")?.index ?? Infinity
  for (const token of tokens) {
    if (token.kind !== "positional" || token.index > end) continue
    const { value } = token
    if (value === "") wrong("An argument is empty. Write -- before arguments that are meant to be empty.")
    if (!dashes.test(value)) continue
    const plain = value.replace(/^[^\p{L}\p{N}]+/u, "--").split("=", 1)[0] ?? ""
    wrong(
      `"${shown(value)}" begins with a blank, or a dash that is not a hyphen.` +
        `${meant(nearest(plain, [...names.keys()].map((name) => `--${name}`)))} Write -- before it to send it.`
    )
  }
}

const valuesOf = (
  tokens: ReadonlyArray<Token>,
  names: Names,
  command: string | undefined
): ReadonlyMap<string, string | number | true> => {
  const values = new Map<string, string | number | true>()
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const { inlineValue, name, rawName } = token
    const known = names.get(name)
    if (known === undefined) return wrong(unknown(rawName, names, command))
    const { key, option } = known
    let value: string | number | true = true
    if (option.type === "flag") {
      if (token.value !== undefined) return wrong(`--${name} does not take a value.`)
    } else {
      // -p=HB is -pHB.
      const text = rawName.startsWith("--") || inlineValue !== true ? token.value : token.value.replace(/^=/, "")
      if (text === undefined || (inlineValue !== true && text.startsWith("-") && text !== "-")) {
        return wrong(`--${name} needs a value. Write --${name}=VALUE where the value begins with a dash.`)
      }
      value = valueOf(name, option, text)
    }
    if (values.has(key) && values.get(key) !== value) {
      return wrong(`--${name} is given twice, with different values.`)
    }
    values.set(key, value)
  }
  return values
}

/** Commands of other tools that are options of this one: `help COMMAND`, `version`, `completions SHELL`. */
const optionCommands: ReadonlyMap<string, (rest: ReadonlyArray<string>) => ReadonlyArray<string>> = new Map([
  ["help", (rest) => [...rest, "--help"]],
  ["version", (rest) => [...rest, "--version"]],
  ["completions", (rest) => ["--completions", ...rest]]
])

const request = (args: ReadonlyArray<string>): Request => {
  const all = tokensOf(args, namesOf(global))
  const first = all.find(({ kind }) => kind !== "option")
  const name = first?.kind === "positional" ? first.value : undefined
  const rest = name === undefined ? args : args.filter((_, index) => index !== first?.index)
  const asOptions = optionCommands.get(name ?? "")
  if (asOptions !== undefined) return request(asOptions(rest))
  const command = name === undefined ? undefined : commands.get(name)
  if (name !== undefined && command === undefined) {
    // The value of an option that is unknown would be taken for the command.
    valuesOf(all.filter(({ index }) => index < (first?.index ?? 0)), namesOf({ ...global, ...allOptions }), undefined)
    return wrong(
      `Unknown command "${shown(name)}".${meant(nearest(name, [...commands.keys(), ...optionCommands.keys()]))}`
    )
  }
  const names = namesOf(optionsOf(name))
  const tokens = tokensOf(rest, names)
  rejectSingleDashes(rest, tokens, names)
  if (takesArguments(name)) rejectDoubtful(tokens, names)
  const values = valuesOf(tokens, names, name)
  if (values.has("help")) return { _tag: "Help", command: name }
  if (values.has("version")) return { _tag: "Version" }
  const shell = values.get("completions")
  if (typeof shell === "string") return { _tag: "Completions", shell }
  if (command === undefined) return wrong("A command is missing.")
  const others = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : [])
  if (!takesArguments(name) && others.length > 0) {
    return wrong(`effect-oauth ${name} takes options only, and no "${shown(others[0] ?? "")}".`)
  }
  const options = Object.entries(command.options).map(([key, option]) => [
    key,
    values.get(key) ?? (option.type === "flag" ? false : option.default)
  ])
  const logLevel = values.get("logLevel")
  return {
    _tag: "Run",
    command,
    logLevel: typeof logLevel === "string" ? logLevel : undefined,
    values: { ...Object.fromEntries(options), args: others }
  }
}

/** Reads the arguments: the request, or a problem with them. */
export const read = (args: ReadonlyArray<string>): Request | Problem => {
  try {
    return request(args)
  } catch (error) {
    if (error instanceof Wrong) return { _tag: "Problem", message: error.message }
    throw error
  }
}
