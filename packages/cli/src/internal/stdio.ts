/**
 * Standard input, as a body.
 */
import { fstatSync } from "node:fs"

import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"

/** Returns true if standard input is a pipe or a file, and not a terminal or a stream that a parent left open. */
export const isRedirected = (): boolean => {
  try {
    const found = fstatSync(0)
    return found.isFIFO() || found.isFile()
  } catch {
    return false
  }
}

export const readAll: Effect.Effect<Uint8Array, Failure> = Effect.tryPromise({
  try: async () => {
    const chunks: Array<Buffer> = []
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
    return Buffer.concat(chunks)
  },
  catch: () =>
    new Failure({ outcome: "file", message: "Standard input could not be read.", remedy: "Pass --ignore-stdin." })
})
