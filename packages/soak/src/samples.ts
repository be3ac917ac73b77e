/**
 * What is watched while a program works: memory, fibers, sockets, timers.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { Effect, Metric, RuntimeFlags, RuntimeFlagsPatch } from "effect"

/** How it stands at one moment, after all that can be forgotten was forgotten. */
export interface Sample {
  /** Of the heap and of the buffers beside it. */
  readonly bytes: number
  readonly fibers: number
  /** As the other end sees them: this one does not count those that are idle. */
  readonly sockets: number
  readonly timers: number
}

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

/** Lets the fibers of an effect be counted. */
export const counted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withRuntimeFlagsPatch(effect, RuntimeFlagsPatch.enable(RuntimeFlags.RuntimeMetrics))

// What finalizers free takes a turn of the event loop, and then another collection.
const settled = Effect.async<void>((resume) => {
  collectGarbage()
  setImmediate(() => {
    collectGarbage()
    resume(Effect.void)
  })
})

/** `elsewhere` is what this process cannot see by itself. */
export const take = (elsewhere: Partial<Sample> = {}): Effect.Effect<Sample> =>
  Effect.gen(function*() {
    yield* settled
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    return {
      bytes: heapUsed + arrayBuffers,
      fibers: (yield* Metric.value(Metric.fiberActive)).count,
      sockets: 0,
      timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
      ...elsewhere
    }
  })

export type Resource = keyof Sample

export interface Growth {
  readonly resource: Resource
  /** The medians of the second and of the last quarter; the first is for warming up. */
  readonly early: number
  readonly late: number
  readonly allowed: number
}

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

/** How far each may rise: a share of what it was, and something for the noise. */
const allowances: Readonly<Record<Resource, { readonly share: number; readonly noise: number }>> = {
  bytes: { share: 0.1, noise: 4 * 1024 * 1024 },
  fibers: { share: 0, noise: 2 },
  sockets: { share: 0.2, noise: 5 },
  timers: { share: 0, noise: 2 }
}

/** How each resource went from early to late; too few samples say nothing, so there must be eight. */
export const growth = (samples: ReadonlyArray<Sample>): ReadonlyArray<Growth> => {
  const quarter = Math.floor(samples.length / 4)
  if (quarter < 2) throw new RangeError(`Expected at least 8 samples, got ${samples.length}: let it run longer`)
  return (Object.keys(allowances) as Array<Resource>).map((resource) => {
    const values = samples.map((sample) => sample[resource])
    const early = median(values.slice(quarter, 2 * quarter))
    const { noise, share } = allowances[resource]
    return { resource, early, late: median(values.slice(-quarter)), allowed: early + Math.max(noise, share * early) }
  })
}

export const grew = ({ allowed, late }: Growth): boolean => late > allowed
