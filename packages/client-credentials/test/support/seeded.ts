/**
 * Properties that print the seed of each run, so that a failure anywhere can be had again: `FC_SEED=1234 npm test`.
 */
import type { FastCheck as fc } from "effect"

export const parameters = (name: string, numRuns: number): fc.Parameters<unknown> => {
  const seed = process.env["FC_SEED"] === undefined
    ? Math.floor(Math.random() * 0x7fffffff)
    : Number(process.env["FC_SEED"])
  console.log(`${name}: ${numRuns} runs, FC_SEED=${seed}`)
  return { numRuns, seed }
}
