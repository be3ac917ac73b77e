import type { Client, Contender, Surroundings } from "./contender.js"
import { contenders } from "./contenders.js"

export interface Open {
  readonly contender: Contender
  readonly client: Client
}

/** A client of each, ready to be called. */
export const openAll = async (surroundings: Surroundings): Promise<ReadonlyArray<Open>> => {
  const all: Array<Open> = []
  for (const contender of contenders) {
    const { make } = await contender.load()
    all.push({ contender, client: await make(surroundings) })
  }
  return all
}
