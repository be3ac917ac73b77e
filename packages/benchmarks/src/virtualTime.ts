/**
 * Virtual time that is the same for all contenders: the timers and clocks of the process are replaced, and Effect's
 * clock reads them (`transport/virtualClock.ts`). Effect's `TestClock` waits for real time at each step, so that 30
 * days would take minutes.
 */
import FakeTimers from "@sinonjs/fake-timers"

export interface VirtualTime {
  /** Milliseconds since the start. */
  readonly now: () => number
  /**
   * Advances the time in steps until the condition holds or `limit` has passed, and lets all consequences of each step
   * happen.
   */
  readonly passUntil: (holds: () => boolean, step: number, limit: number) => Promise<boolean>
}

// `setImmediate` is not replaced: I/O, real or in memory, depends on it.
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const turnsForAnAnswer = 50

export const withVirtualTime = async <A>(use: (time: VirtualTime) => Promise<A>): Promise<A> => {
  const timers = FakeTimers.install({
    now: Date.UTC(2030, 0, 1),
    toFake: ["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"]
  })
  const begin = Date.now()
  const settle = async (isDone: () => boolean) => {
    for (let turns = 0; turns < turnsForAnAnswer && !isDone(); turns++) {
      timers.tick(0)
      await turn()
    }
  }
  try {
    return await use({
      now: () => Date.now() - begin,
      passUntil: async (holds, step, limit) => {
        await settle(holds)
        const end = Date.now() + limit
        while (Date.now() < end && !holds()) {
          timers.tick(Math.min(step, end - Date.now()))
          await settle(holds)
        }
        return holds()
      }
    })
  } finally {
    timers.uninstall()
  }
}
