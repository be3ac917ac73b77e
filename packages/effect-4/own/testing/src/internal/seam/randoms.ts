/**
 * Deterministic sources of random numbers: equal seeds return equal numbers.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** Creates a source from a seed. In Effect 4, a seed applies to an effect: this is the source that the effect uses. */
export const make = (seed: string): Random.Random =>
  Effect.runSync(Random.withSeed(Effect.service(Random.Random), seed))
