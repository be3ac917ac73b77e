import * as fake from "../src/transport/fake.js"
import * as loopback from "../src/transport/loopback.js"
import * as World from "../src/world.js"

export interface Setting {
  readonly world: World.World
  readonly surroundings: loopback.Loopback["surroundings"]
  readonly close: () => Promise<void>
}

export const inMemory = async (): Promise<Setting> => {
  const world = World.make()
  return { world, surroundings: fake.make(world), close: async () => {} }
}

export const onLoopback = async (): Promise<Setting> => {
  const world = World.make()
  return { world, ...await loopback.serve(world) }
}
