/**
 * The number of repetitions of tests that gain by repetition: `quick` for `npm test`, `full` for `.ci/run`, which sets
 * `TEST_RUNS=full`. A number is a factor of the full count: `TEST_RUNS=10` runs each ten times as often as `.ci/run`.
 */
export interface Counts {
  readonly quick: number
  readonly full: number
}

const chosen = ({ full, quick }: Counts): number => {
  const setting = process.env["TEST_RUNS"]
  if (setting === undefined || setting === "quick") return quick
  const factor = setting === "full" ? 1 : Number(setting)
  if (!(factor > 0)) throw new Error(`TEST_RUNS: expected "quick", "full" or a positive number, got "${setting}"`)
  return Math.ceil(full * factor)
}

/** Returns the number of repetitions, and prints it with both counts. */
export const runs = (name: string, counts: Counts): number => {
  const count = chosen(counts)
  console.log(`${name}: ${count} runs (quick ${counts.quick}, full ${counts.full})`)
  return count
}

/** Returns at most that many items, evenly distributed, including the first and the last. */
export const sample = <A>(name: string, items: ReadonlyArray<A>, quick: number): ReadonlyArray<A> => {
  const count = Math.min(items.length, runs(name, { quick: Math.min(quick, items.length), full: items.length }))
  if (count === 1) return items.slice(0, 1)
  const chosen = new Set(
    Array.from({ length: count }, (_, index) => Math.round(index * (items.length - 1) / (count - 1)))
  )
  return items.filter((_, index) => chosen.has(index))
}
