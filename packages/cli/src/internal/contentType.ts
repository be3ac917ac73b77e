/**
 * Media types, and the decoding of content by them.
 */
import * as Effect from "effect/Effect"

/**
 * Returns the type for the name of a file. The table of `mime` has the entries of Python's, which HTTPie uses; it is loaded
 * only for files.
 */
export const guess = (path: string): Effect.Effect<string | undefined> =>
  Effect.map(Effect.promise(() => import("mime")), ({ default: mime }) => mime.getType(path) ?? undefined)

export const isJson = (type: string | undefined): boolean => /^[^;]*[/+]json\b/i.test(type ?? "")

/** Returns true for XML, except HTML, in which blanks have a meaning. */
export const isXml = (type: string | undefined): boolean =>
  /^\s*(text|application)\/([\w.-]+\+)?xml\b/i.test(type ?? "") && !/xhtml/i.test(type ?? "")

/** Returns the decoder for the charset of the type. */
export const decoder = (type: string | undefined): TextDecoder => {
  const [, charset = "utf-8"] = /;\s*charset="?([\w.:-]+)/i.exec(type ?? "") ?? []
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/** Decodes a body by the charset of its type. */
export const decode = (content: Uint8Array, type: string | undefined): string => decoder(type).decode(content)

export const isText = (type: string | undefined): boolean =>
  isJson(type) ||
  /^\s*(text\/|application\/([\w.+-]*\+)?(xml|yaml|javascript|x-www-form-urlencoded)\b)/i.test(type ?? "")
