/**
 * Results of a measure: tables of numbers, each with its spread, or with the reason why it is absent.
 */

export type Unit = "µs" | "ms" | "bytes" | "calls/s" | "requests" | "callers" | "%"

export interface Value {
  readonly contender: string
  readonly median: number
  /** The first and the third quartile. */
  readonly low: number
  readonly high: number
}

export interface Absence {
  readonly contender: string
  readonly absent: string
}

export type Row = Value | Absence

export interface Table {
  readonly id: string
  readonly title: string
  readonly unit: Unit
  readonly better: "lower" | "higher"
  /** Set if another run on the same code returns the same numbers. */
  readonly isExact?: true
  readonly rows: ReadonlyArray<Row>
}

export const isValue = (row: Row): row is Value => "median" in row

export const quantile = (sorted: ReadonlyArray<number>, q: number): number => {
  const position = (sorted.length - 1) * q
  const below = sorted[Math.floor(position)] ?? NaN
  const above = sorted[Math.ceil(position)] ?? NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const summarize = (contender: string, samples: ReadonlyArray<number>): Value => {
  const sorted = [...samples].sort((a, b) => a - b)
  return { contender, median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) }
}
