/**
 * What is wrong with the settings that a user wrote.
 */
export interface Problem {
  readonly setting: string
  readonly expected: string
}

/** Collects every problem, one for each setting, so that a user mends them all at once. */
export const collect = () => {
  const problems: Array<Problem> = []
  return {
    problems,
    expect: <A>(setting: string, value: A | undefined, expected: string): A | undefined => {
      if (value === undefined && !problems.some((problem) => problem.setting === setting)) {
        problems.push({ setting, expected })
      }
      return value
    }
  }
}

// RFC 6749 appendix A.1 and A.2: VSCHAR. Characters beyond ASCII occur in practice, control characters only by mistake.

export const printable = (value: unknown): value is string =>
  typeof value === "string" && /^[^\x00-\x1f\x7f]+$/.test(value)
