/**
 * Standard input, as a body.
 */
import { fstatSync } from "node:fs"

import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"

/**
 * Returns true if standard input is a pipe or a file, and not a terminal. A socket is what programs such as those of Node.js and
 * the servers of SSH pass, often without ever closing it: it counts only where a body is expected.
 */
export const isRedirected = (expectsBody: boolean): boolean => {
  try {
    const found = fstatSync(0)
    return found.isFIFO() || found.isFile() || (expectsBody && found.isSocket())
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
