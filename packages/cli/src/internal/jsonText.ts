/**
 * JSON as a string: validated, but not parsed into JavaScript numbers, so that an id of 19 digits keeps its value.
 */
import * as Either from "effect/Either"

/** A string that was validated as JSON. */
export interface JsonText {
  readonly json: string
}

const token = /\s+|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/gs

const tokens = (json: string): ReadonlyArray<string> => (json.match(token) ?? []).filter((one) => one.trim() !== "")

export const read = (text: string): Either.Either<JsonText, string> => {
  try {
    JSON.parse(text)
    return Either.right({ json: text })
  } catch {
    return Either.left("is not valid JSON")
  }
}

/** Quotes a string in ASCII, as HTTPie does. */
export const quote = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => character === "\u007f" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const rewritten = (one: string): string => one.startsWith("\"") ? quote(JSON.parse(one) as string) : one

/** Formats JSON on one line, as HTTPie does: with a space after commas and colons. */
export const oneLine = ({ json }: JsonText): string =>
  tokens(json).map((one) => one === "," || one === ":" ? `${one} ` : rewritten(one)).join("")

/** The elements of a list, or the members of an object. */
export type Parts =
  | { readonly _tag: "Array"; readonly elements: ReadonlyArray<JsonText> }
  | { readonly _tag: "Object"; readonly fields: ReadonlyArray<readonly [key: string, value: JsonText]> }

/** Returns the parts of a list or an object; undefined for other values. */
export const parts = ({ json }: JsonText): Parts | undefined => {
  const [open, ...rest] = tokens(json)
  if (open !== "[" && open !== "{") return undefined
  const found: Array<Array<string>> = []
  let depth = 0
  for (const one of rest.slice(0, -1)) {
    if (depth === 0 && (one === "," || found.length === 0)) found.push([])
    if (depth > 0 || one !== ",") found.at(-1)?.push(one)
    depth += one === "[" || one === "{" ? 1 : one === "]" || one === "}" ? -1 : 0
  }
  return open === "["
    ? { _tag: "Array", elements: found.map((all) => ({ json: all.join("") })) }
    : {
      _tag: "Object",
      fields: found.map(([key = "", , ...all]) => [JSON.parse(key) as string, { json: all.join("") }])
    }
}

/** The styles of the parts of JSON. */
export interface Style {
  readonly key: (text: string) => string
  readonly string: (text: string) => string
  readonly number: (text: string) => string
  readonly literal: (text: string) => string
}

const same = (text: string): string => text

export const plain: Style = { key: same, string: same, number: same, literal: same }

/** Indents JSON. Does not change its tokens. */
export const indented = ({ json }: JsonText, style: Style = plain): string => {
  const all = tokens(json)
  let depth = 0
  let out = ""
  all.forEach((one, index) => {
    const line = () => `\n${"    ".repeat(depth)}`
    const [before, next] = [all[index - 1], all[index + 1]]
    if (one === "{" || one === "[") {
      depth += 1
      out += next === "}" || next === "]" ? one : one + line()
    } else if (one === "}" || one === "]") {
      depth -= 1
      out += before === "{" || before === "[" ? one : line() + one
    } else if (one === ",") out += one + line()
    else if (one === ":") out += ": "
    else if (one.startsWith("\"")) out += next === ":" ? style.key(one) : style.string(one)
    else out += /^[-\d]/.test(one) ? style.number(one) : style.literal(one)
  })
  return out
}

/** Characters that remain escaped: those that control a terminal, or that JSON requires to be escaped. */
const staysEscaped = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"\\]/u

/** Decodes `\\u...` escapes of printable characters. */
export const readable = ({ json }: JsonText): JsonText => ({
  json: json.replace(
    /(?:\\u[0-9a-f]{4})+|\\[^]/gi,
    (escaped) =>
      escaped[1] !== "u"
        ? escaped
        : [...JSON.parse(`"${escaped}"`) as string].map((one) =>
          staysEscaped.test(one)
            ? [...one].flatMap((part) => Array.from({ length: part.length }, (_, at) => part.charCodeAt(at)))
              .map((code) => `\\u${code.toString(16).padStart(4, "0")}`).join("")
            : one
        ).join("")
  )
})
