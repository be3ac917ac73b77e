/** Interrupts a fiber at its n-th step: the scheduler is called at each step to decide whether the fiber yields. */
import { type Fiber, FiberId, Scheduler } from "effect"

/** The identity of a fiber. */
export type Id = FiberId.FiberId

export class Interrupter extends Scheduler.MixedScheduler {
  steps = 0
  constructor(readonly at: number, readonly isTarget: (id: Id) => boolean) {
    super(2048)
  }
  override shouldYield(fiber: Fiber.RuntimeFiber<unknown, unknown>): number | false {
    if (!this.isTarget(fiber.id())) return super.shouldYield(fiber)
    this.steps += 1
    if (this.steps === this.at) {
      fiber.unsafeInterruptAsFork(FiberId.none)
      return 0
    }
    return super.shouldYield(fiber)
  }
}
