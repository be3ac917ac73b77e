/**
 * The checks that every object of options shares, whichever module it is for.
 */

export interface Problem {
  /** The path of the option, from the options object that the user wrote. */
  readonly setting: string
  readonly expected: string
}

// RFC 6749 appendix A.1 and A.2: VSCHAR. Characters beyond ASCII occur in practice, control characters only by mistake.
export const isPrintable = (value: unknown): value is string =>
  typeof value === "string" && /^[^\x00-\x1f\x7f]+$/.test(value)

/** Returns the names for which there is no option: a misspelt option would be ignored in silence. */
export const unknownNames = (options: object, names: Iterable<string>): ReadonlyArray<Problem> => {
  const all = new Set(names)
  return Object.entries(options).flatMap(([setting, value]) =>
    value === undefined || all.has(setting)
      ? []
      : [{ setting, expected: `no option of this name; the options are ${[...all].sort().join(", ")}` }]
  )
}

/** What is expected of options that are not an object. */
export const notAnObject: Problem = { setting: "options", expected: "an object of options" }
