/**
 * Checks that all objects of options share.
 */

export interface Problem {
  /** Path of the option, starting at the options object of the user. */
  readonly setting: string
  readonly expected: string
}

// RFC 6749 appendix A.1 and A.2: VSCHAR. Characters beyond ASCII occur in practice, control characters only by mistake.
export const isPrintable = (value: unknown): value is string =>
  typeof value === "string" && /^[^\x00-\x1f\x7f]+$/.test(value)

/** Returns the names for which there is no option: a misspelled option would otherwise be ignored silently. */
export const unknownNames = (options: object, names: Iterable<string>): ReadonlyArray<Problem> => {
  const all = new Set(names)
  return Object.entries(options).flatMap(([setting, value]) =>
    value === undefined || all.has(setting)
      ? []
      : [{ setting, expected: `no option of this name; the options are ${[...all].sort().join(", ")}` }]
  )
}

/** Problem of options that are not an object. */
export const notAnObject: Problem = { setting: "options", expected: "an object of options" }
