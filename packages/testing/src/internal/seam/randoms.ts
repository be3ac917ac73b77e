/**
 * Seeded sources of random numbers.
 */
import * as Random from "effect/Random"

export const make = (seed: string): Random.Random => Random.make(seed)
