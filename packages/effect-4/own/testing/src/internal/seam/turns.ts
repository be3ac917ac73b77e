/**
 * The turns of fibers: when all that can run has run. In Effect 4 a fiber that yields continues by `setImmediate`, and may yield
 * again then, so those that are pending are counted.
 */
import * as Effect from "effect/Effect"

const { clearImmediate, setImmediate } = globalThis

// One set for the process, as there is one queue. The functions stay replaced; they do what they did.
let isObserved = false
const pending = new Set<unknown>()

/** Watches the turns from now on, whosever they are. */
export const observe = (): void => {
  if (isObserved) return
  isObserved = true
  globalThis.setImmediate = new Proxy(setImmediate, {
    apply: (_, __, [callback, ...all]: [(...all: Array<unknown>) => void, ...Array<unknown>]) => {
      const immediate = setImmediate(() => {
        pending.delete(immediate)
        callback(...all)
      })
      pending.add(immediate)
      return immediate
    }
  })
  globalThis.clearImmediate = (immediate) => {
    pending.delete(immediate)
    clearImmediate(immediate)
  }
}

/** Waits until no fiber can run. */
export const awaitAll: Effect.Effect<void> = Effect.callback((resume) => {
  const look = (): void => {
    if (pending.size === 0) resume(Effect.void)
    else setImmediate(look)
  }
  setImmediate(look)
})
