/**
 * Properties that print the seed of each run, so that a failure can be reproduced: `FC_SEED=1234 npm test`.
 */
import type { FastCheck as fc } from "effect"

import { type Counts, runs } from "./runs.js"

export const parameters = (name: string, counts: Counts): fc.Parameters<unknown> => {
  const seed = process.env["FC_SEED"] === undefined
    ? Math.floor(Math.random() * 0x7fffffff)
    : Number(process.env["FC_SEED"])
  const numRuns = runs(`${name}, FC_SEED=${seed}`, counts)
  return { numRuns, seed }
}
