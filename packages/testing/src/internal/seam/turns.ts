/**
 * The turns of fibers: when all that can run has run.
 */
import * as Effect from "effect/Effect"

/** Observes the turns from now on. Nothing needs to be observed in Effect 3. */
export const observe = (): void => undefined

/** Runs something after all microtasks. Browsers have no `setImmediate`, and delay timers that start each other. */
const afterMicrotasks = (run: () => void): void => {
  if (typeof setImmediate === "function") {
    setImmediate(run)
    return
  }
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    run()
  }
  port2.postMessage(undefined)
}

/** Waits until no fiber can run. Fibers run in microtasks; this comes after all of them. */
export const awaitAll: Effect.Effect<void> = Effect.async((resume) => {
  afterMicrotasks(() => resume(Effect.void))
})
