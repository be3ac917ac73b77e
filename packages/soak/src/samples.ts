/**
 * Samples of resources while a program runs: memory, fibers, sockets, timers.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

import { Effect } from "effect"

import { fibers } from "./seam.js"

/** The resources in use at one time, after garbage collection. */
export interface Sample {
  /** Bytes of the heap and of the buffers outside of it. */
  readonly bytes: number
  readonly fibers: number
  /** Sockets counted at the other end: this process does not count idle ones. */
  readonly sockets: number
  readonly timers: number
}

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void

// Memory that finalizers free needs a turn of the event loop, and then another collection.
const settled = Effect.async<void>((resume) => {
  collectGarbage()
  setImmediate(() => {
    collectGarbage()
    resume(Effect.void)
  })
})

/** Takes a sample. `elsewhere` has counts that this process cannot measure. */
export const take = (elsewhere: Partial<Sample> = {}): Effect.Effect<Sample> =>
  Effect.gen(function*() {
    yield* settled
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    return {
      bytes: heapUsed + arrayBuffers,
      fibers: yield* fibers,
      sockets: 0,
      timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
      ...elsewhere
    }
  })

export type Resource = keyof Sample

export interface Growth {
  readonly resource: Resource
  /** The medians of the second and of the last quarter; the first quarter is for warming up. */
  readonly early: number
  readonly late: number
  readonly allowed: number
}

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0

/**
 * The allowed growth of each resource: a share of the early value, with a minimum for noise. A caller has one socket, or
 * two after the rest of a long response was left unread. The noise covers the second sockets of 20 callers.
 */
const allowances: Readonly<Record<Resource, { readonly share: number; readonly noise: number }>> = {
  bytes: { share: 0.1, noise: 4 * 1024 * 1024 },
  fibers: { share: 0, noise: 2 },
  sockets: { share: 1, noise: 25 },
  timers: { share: 0, noise: 2 }
}

/** Returns the growth of each resource. At least eight samples are required, since fewer are not significant. */
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
