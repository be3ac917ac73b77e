import type { Client, Contender, Loaded, Surroundings } from "./contender.js"
import { contenders } from "./contenders.js"

export interface Open {
  readonly contender: Contender
  readonly client: Client
  readonly repeat: Loaded["repeat"]
}

/** Opens a client of each contender, ready to be called. */
export const openAll = async (surroundings: Surroundings): Promise<ReadonlyArray<Open>> => {
  const all: Array<Open> = []
  for (const contender of contenders) {
    const { make, repeat } = await contender.load()
    all.push({ contender, client: await make(surroundings), repeat })
  }
  return all
}
