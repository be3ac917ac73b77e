/**
 * Types of content, and the text that they name.
 */
import * as Effect from "effect/Effect"

/** By the name of a file: `mime` has what Python's table has, by which HTTPie goes. It is loaded for files only. */
export const guess = (path: string): Effect.Effect<string | undefined> =>
  Effect.map(Effect.promise(() => import("mime")), ({ default: mime }) => mime.getType(path) ?? undefined)

export const isJson = (type: string | undefined): boolean => /^[^;]*[/+]json\b/i.test(type ?? "")

/** HTML is none: its blanks have a meaning. */
export const isXml = (type: string | undefined): boolean =>
  /^\s*(text|application)\/([\w.-]+\+)?xml\b/i.test(type ?? "") && !/xhtml/i.test(type ?? "")

/** A body as text, by the charset that its type names. */
export const decode = (content: Uint8Array, type: string | undefined): string => {
  const [, charset = "utf-8"] = /;\s*charset="?([\w.:-]+)/i.exec(type ?? "") ?? []
  try {
    return new TextDecoder(charset).decode(content)
  } catch {
    return new TextDecoder().decode(content)
  }
}

export const isText = (type: string | undefined): boolean =>
  isJson(type) ||
  /^\s*(text\/|application\/([\w.+-]*\+)?(xml|yaml|javascript|x-www-form-urlencoded)\b)/i.test(type ?? "")
