import type { Table } from "./result.js"

/** A measurement of all contenders that support it. */
export interface Measure {
  /** The name for `--only`. */
  readonly name: string
  readonly title: string
  /** The description of the method, for the page. */
  readonly method: string
  readonly run: (settings: Settings) => Promise<ReadonlyArray<Table>>
}

export interface Settings {
  /** The fraction of the repetitions. 1 for published results. */
  readonly scale: number
  /** The names of the peers to measure. Default: all, as in published results. */
  readonly names?: ReadonlyArray<string> | undefined
}

/** Returns the number of repetitions, at least one. */
export const scaled = ({ scale }: Settings, times: number): number => Math.max(1, Math.round(times * scale))

/**
 * Runs all participants in each round, each time starting with another one, so that other load on the machine affects
 * all of them.
 */
export const interleaved = async <A>(
  rounds: number,
  participants: ReadonlyArray<A>,
  run: (participant: A, round: number) => Promise<void>
): Promise<void> => {
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < participants.length; index++) {
      const participant = participants[(index + round) % participants.length]
      if (participant !== undefined) await run(participant, round)
    }
  }
}
