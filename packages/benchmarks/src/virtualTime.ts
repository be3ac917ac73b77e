/**
 * Time that passes when it is told to, for all in the same way: the timers and clocks of the process are replaced, and
 * Effect's clock reads those (`transport/virtualClock.ts`). (Its own `TestClock` waits for real time at each step; 30 days would take minutes.)
 */
import FakeTimers from "@sinonjs/fake-timers"

export interface VirtualTime {
  /** Milliseconds since the beginning. */
  readonly now: () => number
  /** Lets time pass in steps until it holds, at most for `limit`, and everything happen that follows from each step. */
  readonly passUntil: (holds: () => boolean, step: number, limit: number) => Promise<boolean>
}

// Not replaced: how I/O, real or in memory, goes on.
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
