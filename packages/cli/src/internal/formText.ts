/**
 * Forms and queries, byte for byte as HTTPie writes them.
 */

type Pairs = ReadonlyArray<readonly [string, string]>

/** All but letters, digits and `_.-~` is escaped, and a space is a plus. */
const escape = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  ).replaceAll("%20", "+")

export const encode = (pairs: Pairs): string =>
  pairs.map(([name, value]) => `${escape(name)}=${escape(value)}`).join("&")

/** Groups the pairs of each name at the position of the first one. */
export const grouped = (pairs: Pairs): Pairs =>
  [...new Set(pairs.map(([name]) => name))].flatMap((name) => pairs.filter(([one]) => one === name))
