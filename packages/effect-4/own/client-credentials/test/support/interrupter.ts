/** Interrupts a fiber at its n-th step. The runtime calls this scheduler at each step to decide whether the fiber yields. */
import { type Fiber, Scheduler } from "effect"

/** Identifier of a fiber. */
export type Id = number

export class Interrupter extends Scheduler.MixedScheduler {
  steps = 0
  constructor(readonly at: number, readonly isTarget: (id: Id) => boolean) {
    super()
  }
  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    if (!this.isTarget(fiber.id)) return super.shouldYield(fiber)
    this.steps += 1
    if (this.steps === this.at) {
      fiber.interruptUnsafe()
      return true
    }
    return super.shouldYield(fiber)
  }
}
