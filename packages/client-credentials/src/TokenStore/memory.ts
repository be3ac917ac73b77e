/**
 * Token store in memory.
 *
 * @since 3.0.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

import { isFree, type Lease } from "../internal/token/lease.js"
import { type Entry, type Snapshot, TokenStore } from "./contract.js"

/** The most entries of a store, and how long one is kept after its expiry, in milliseconds: less than on a disk. */
const maxEntries = 10_000
const keptAfterExpiry = 3_600_000

/** Interval between two removals of expired entries, in milliseconds. */
const clearEvery = 60_000

/** Adds a value as the last one. A map iterates in the order in which its keys were written. */
const put = <A>(all: Map<string, A>, key: string, value: A): void => {
  all.delete(key)
  for (const first of all.keys()) {
    if (all.size < maxEntries) break
    all.delete(first)
  }
  all.set(key, value)
}

const make = (): TokenStore => {
  // Each operation is synchronous, and so atomic in its process: mutable maps need no lock.
  const entries = new Map<string, Entry>()
  const leases = new Map<string, Lease>()
  let clearAt = 0
  const clear = (now: number): void => {
    if (now < clearAt) return
    clearAt = now + clearEvery
    for (const [key, { expiresAt }] of entries) if (expiresAt <= now - keptAfterExpiry) entries.delete(key)
    for (const [key, { until }] of leases) if (until <= now) leases.delete(key)
  }
  const snapshot = (key: string, now: number): Snapshot => ({
    entry: Option.fromNullable(entries.get(key)),
    leasedFor: Math.max(0, (leases.get(key)?.until ?? 0) - now),
    now
  })
  const end = (key: string, owner: string | undefined): void => {
    if (leases.get(key)?.owner === owner) leases.delete(key)
  }
  return {
    load: (key) => Effect.map(Clock.currentTimeMillis, (now) => snapshot(key, now)),
    swap: (key, generation, entry, release) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        clear(now)
        const done = (entries.get(key)?.generation ?? 0) === generation
        if (done) put(entries, key, { ...entry, generation: generation + 1 })
        end(key, release)
        return { ...snapshot(key, now), done }
      }),
    acquire: (key, owner, life) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        clear(now)
        const done = isFree(leases.get(key), owner, now)
        if (done) put(leases, key, { owner, until: now + Duration.toMillis(life) })
        return { ...snapshot(key, now), done }
      }),
    release: (key, owner) => Effect.sync(() => end(key, owner))
  }
}

/**
 * Provides a store in memory, for several clients of one process, and for tests. It removes entries an hour after their
 * expiry, and keeps at most 10,000, those written last.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerMemory: Layer.Layer<TokenStore> = Layer.sync(TokenStore, make)
