/**
 * JSON as text: checked, but never turned into numbers of this language, so that an id of 19 digits stays what it is.
 */
import * as Either from "effect/Either"

/** A JSON text that was found to be sound. */
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
    return Either.left("is no JSON")
  }
}

/** A string as HTTPie, which is Python, writes it: in ASCII. */
export const quote = (text: string): string =>
  JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (character) => character === "\u007f" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const rewritten = (one: string): string => one.startsWith("\"") ? quote(JSON.parse(one) as string) : one

/** On one line, as HTTPie writes it: with a space after commas and colons. */
export const oneLine = ({ json }: JsonText): string =>
  tokens(json).map((one) => one === "," || one === ":" ? `${one} ` : rewritten(one)).join("")

/** How the parts of a JSON text are shown. */
export interface Style {
  readonly key: (text: string) => string
  readonly string: (text: string) => string
  readonly number: (text: string) => string
  readonly literal: (text: string) => string
}

const same = (text: string): string => text

export const plain: Style = { key: same, string: same, number: same, literal: same }

/** On several lines, indented. Every token stays what it was. */
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

/** Characters that steer a terminal, or that JSON needs escaped, stay escaped. */
const staysEscaped = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}"\\]/u

/** With the characters that `\\u...` stands for, where they can be shown. */
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
