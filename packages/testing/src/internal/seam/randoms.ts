/**
 * Sources of random numbers that give the same for the same seed.
 */
import * as Random from "effect/Random"

export const make = (seed: string): Random.Random => Random.make(seed)
