/**
 * Headers that traces and printed values show without their values. The platform redacts `authorization`, but not proofs,
 * nor a challenge, in which an API may repeat a token.
 */
export const names: ReadonlyArray<string> = ["dpop", "www-authenticate"]

/** Lists that contain these headers, by the lists of the program: clients of one program share them. */
const complete = new WeakMap<object, ReadonlyArray<string | RegExp>>()

/** Returns a list with these headers; the identical list if it contains them. */
export const added = (own: ReadonlyArray<string | RegExp>): ReadonlyArray<string | RegExp> => {
  const known = complete.get(own)
  if (known !== undefined) return known
  const all = names.every((name) => own.includes(name)) ? own : [...own, ...names]
  complete.set(own, all).set(all, all)
  return all
}
