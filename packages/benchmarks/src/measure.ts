import type { Table } from "./result.js"

/** One thing that is measured, by all who can do it. */
export interface Measure {
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** How it is measured, for the page. */
  readonly method: string
  readonly run: (settings: Settings) => Promise<ReadonlyArray<Table>>
}

export interface Settings {
  /** Everything is done this fraction as often. 1 for results that count. */
  readonly scale: number
  /** Those of the peers who take part. Default: all, for results that count. */
  readonly names?: ReadonlyArray<string> | undefined
}

/** How often, at least once. */
export const scaled = ({ scale }: Settings, times: number): number => Math.max(1, Math.round(times * scale))

/**
 * All of them in each round, beginning with another one each time, so that whatever else the machine does meets all.
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
