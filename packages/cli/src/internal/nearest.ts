/**
 * Suggestions for misspelt names.
 */
import { closest, distance } from "fastest-levenshtein"

const lettersOf = (name: string): string => [...name].sort().join("")

/** Returns the nearest of the names, if its spelling is similar, or has the same letters in another order. */
export const nearest = (text: string, names: ReadonlyArray<string>): string | undefined => {
  const wanted = text.toLowerCase()
  const beginning = wanted.length > 1 ? names.filter((name) => name.toLowerCase().startsWith(wanted)) : []
  const [only] = beginning
  if (only !== undefined && beginning.length === 1) return only
  const caseless = new Map(names.map((name) => [name.toLowerCase(), name]))
  const all = [...caseless.keys()]
  const swapped = all.find((name) => name.length > 2 && lettersOf(name) === lettersOf(wanted))
  if (swapped !== undefined) return caseless.get(swapped)
  const found = closest(wanted, all)
  return distance(wanted, found) <= Math.min(2, wanted.length / 2) ? caseless.get(found) : undefined
}

/** Returns the long name that was probably meant by letters behind one dash, which are otherwise short names. */
export const nearestLong = (letters: string, names: ReadonlyArray<string>): string | undefined => {
  const wanted = letters.toLowerCase()
  if (wanted.length < 3) return undefined
  const isMeant = (name: string) =>
    name.startsWith(wanted) || (name.length > 2 && wanted.startsWith(name)) ||
    (wanted.length > 3 && distance(wanted, name) <= wanted.length / 3)
  return names.find((name) => name === wanted) ?? names.find(isMeant)
}

/** Returns the names with the last word of this one, such as `--secret-file` and `--secret-command` for `--client-secret`. */
export const withLastWord = (text: string, names: ReadonlyArray<string>): ReadonlyArray<string> => {
  const last = text.toLowerCase().split("-").at(-1) ?? ""
  return last.length < 4 ? [] : names.filter((name) => name.split("-").includes(last))
}

/** Returns "A", "A or B", or "A, B or C". */
export const listed = (names: ReadonlyArray<string>, conjunction: "and" | "or"): string =>
  [names.slice(0, -1).join(", "), names.at(-1) ?? ""].filter((one) => one !== "").join(` ${conjunction} `)

/** Returns the shortest name with all words of this one, such as `OAUTH_CLIENT_SECRET` for `OAUTH_SECRET`. */
export const withWords = (text: string, names: ReadonlyArray<string>): string | undefined => {
  const words = text.toUpperCase().split("_")
  return names.filter((name) => words.every((word) => name.split("_").includes(word)))
    .sort((left, right) => left.length - right.length)[0]
}
