/**
 * Sources of random numbers that give the same for the same seed.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Effect 4 gives a seed to an effect: this is the source that the effect sees. */
export const make = (seed: string): Random.Random =>
  Effect.runSync(Random.withSeed(Effect.service(Random.Random), seed))
