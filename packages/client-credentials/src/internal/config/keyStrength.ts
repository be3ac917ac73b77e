/**
 * Detects keys that are not random: rejects constant keys, repeated patterns, sequences and most passphrases of 32 bytes, and
 * accepts every random key.
 *
 * Of 32 random bytes, fewer than 12 are different in less than one of 10^20 keys, and so are the steps between adjacent bytes.
 */

const leastDifferent = 12

const different = (values: ReadonlyArray<number>): number => new Set(values).size

export const isRandom = (bytes: Uint8Array): boolean => {
  const values = [...bytes]
  const steps = values.slice(1).map((value, index) => (value - (values[index] ?? 0) + 256) % 256)
  const repeats = (period: number) => values.every((value, index) => value === values[index % period])
  return different(values) >= leastDifferent && different(steps) >= leastDifferent &&
    !values.some((_, index) => index > 0 && index <= values.length / 2 && repeats(index))
}

/** Returns whether a key is the only allowed constant key: 32 bytes of 1, for tests and examples. */
export const isTestKey = (bytes: Uint8Array): boolean => bytes.length === 32 && bytes.every((byte) => byte === 1)
