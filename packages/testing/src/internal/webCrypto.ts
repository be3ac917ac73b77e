/**
 * The operations of WebCrypto that are in progress. They run in a thread of the runtime and end in an unpredictable
 * turn of the event loop, so a clock that is advanced by a test must wait for them.
 */
import * as Effect from "effect/Effect"

const names = [
  "decrypt",
  "deriveBits",
  "deriveKey",
  "digest",
  "encrypt",
  "exportKey",
  "generateKey",
  "importKey",
  "sign",
  "unwrapKey",
  "verify",
  "wrapKey"
] as const

type Operation = (...parameters: Array<unknown>) => Promise<unknown>

// One count for the process, which has one WebCrypto. The methods stay replaced; their behavior is unchanged.
let isObserved = false
let inFlight = 0
const waiting = new Set<() => void>()

const ended = (): void => {
  inFlight -= 1
  if (inFlight > 0) return
  for (const resume of [...waiting]) resume()
}

const counted = (operation: Operation): Operation =>
  function(this: unknown, ...parameters) {
    const result = operation.apply(this, parameters)
    inFlight += 1
    result.then(ended, ended)
    return result
  }

/** Counts all operations from now on. */
export const observe = (): void => {
  if (isObserved) return
  isObserved = true
  const methods = Object.getPrototypeOf(crypto.subtle) as Record<typeof names[number], Operation>
  for (const name of names) methods[name] = counted(methods[name])
}

/**
 * Waits for the operations in progress, and returns whether there were any. Effects of their results have not run then.
 */
export const awaitInFlight: Effect.Effect<boolean> = Effect.suspend(() =>
  inFlight === 0 ? Effect.succeed(false) : Effect.async<boolean>((resume) => {
    const resumed = () => {
      waiting.delete(resumed)
      resume(Effect.succeed(true))
    }
    waiting.add(resumed)
    return Effect.sync(() => waiting.delete(resumed))
  })
)
