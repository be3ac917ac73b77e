/**
 * Standard input, as a body.
 */
import { fstatSync } from "node:fs"

import * as Effect from "effect/Effect"

import { Failure } from "./Failure.js"
import { Screen } from "./Screen.js"

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

/** Reads standard input to its end. Calls `arrived` when data arrives. */
const read = (arrived: () => void): Effect.Effect<Uint8Array, Failure> =>
  Effect.tryPromise({
    try: async () => {
      const chunks: Array<Buffer> = []
      for await (const chunk of process.stdin) {
        arrived()
        chunks.push(Buffer.from(chunk as Uint8Array))
      }
      return Buffer.concat(chunks)
    },
    catch: () =>
      new Failure({ outcome: "file", message: "Standard input could not be read.", remedy: "Pass --ignore-stdin." })
  })

export const readAll: Effect.Effect<Uint8Array, Failure> = read(() => {})

/** Notes that the command waits for standard input, if nothing has arrived after 2 seconds. */
export const noting = <A, E>(reading: (arrived: () => void) => Effect.Effect<A, E>): Effect.Effect<A, E, Screen> =>
  Effect.gen(function*() {
    const { note } = yield* Screen
    let hasArrived = false
    yield* Effect.forkScoped(Effect.delay(
      Effect.suspend(() =>
        hasArrived
          ? Effect.void
          : note("Waiting for the body on standard input; pass --ignore-stdin if there is none.")
      ),
      "2 seconds"
    ))
    return yield* reading(() => {
      hasArrived = true
    })
  }).pipe(Effect.scoped)

/** Reads a body that was not requested by an argument, so that the user may not expect the command to wait for it. */
export const readBody: Effect.Effect<Uint8Array, Failure, Screen> = noting(read)
