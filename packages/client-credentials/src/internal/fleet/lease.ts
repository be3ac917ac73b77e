/**
 * Lease loop: one of the processes that share a store sends a request, the others wait and use its result.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"

import type { TokenStoreError } from "../../OAuthError.js"
import * as metrics from "../seam/metrics.js"
import { pollPause } from "../token/lease.js"
import type { Entry, Seen } from "./entries.js"

export interface Options<A> {
  readonly entry: Entry
  /** Returns the entry with a separate limit for failures, for operations that keep or end the lease. */
  readonly newEntry: () => Entry
  /** Lifetime of the lease in milliseconds. */
  readonly leaseLife: number
  readonly pollEvery: number
  /** Returns the result that follows from the content of the store; none if a request is needed. */
  readonly decide: (seen: Seen) => Effect.Effect<Option.Option<A>>
  /** Sends the request. `replace` stores the result and releases the lease. */
  readonly request: (seen: Seen, replace: Entry["replace"]) => Effect.Effect<A>
}

/** Renews the lease while the request runs. A lost lease is not taken again. */
const renewing = (
  { leaseLife, newEntry }: Options<unknown>,
  owner: string,
  isHeld: () => boolean
): Effect.Effect<never> => {
  const renewed = Effect.suspend(() =>
    isHeld()
      ? Effect.orElseSucceed(
        Effect.map(newEntry().acquire(owner, Duration.millis(leaseLife)), ({ done }) => done),
        isHeld
      )
      : Effect.succeed(false)
  )
  return Effect.zipRight(
    Effect.repeat(Effect.delay(renewed, Duration.millis(leaseLife / 3)), { while: (isOwner) => isOwner }),
    Effect.never
  )
}

/**
 * Takes the lease, reads the store again, since the previous owner may have stored a result in between, and sends the
 * request. Returns none, and the content of the store, while another process has the lease.
 */
const underLease = <A>(options: Options<A>, owner: string) =>
  Effect.suspend(() => {
    const { decide, entry, leaseLife, newEntry, request } = options
    const release = Effect.suspend(() => Effect.ignore(newEntry().release(owner)))
    // True also while it is unknown whether the lease was taken: it is released in either case.
    let isHeld = true
    const replace: Entry["replace"] = (seen, next) =>
      Effect.suspend(() => {
        // A request that renews the lease, sent after this point, would take it again.
        isHeld = false
        // Release it also on an interruption: the write may not have reached the store.
        return Effect.onError(entry.replace(seen, next, owner), () => Effect.forkDaemon(release))
      })
    const run = Effect.gen(function*() {
      const seen = yield* Effect.onError(entry.acquire(owner, Duration.millis(leaseLife)), () =>
        Effect.sync(() => {
          isHeld = false
        }).pipe(Effect.zipRight(Effect.forkDaemon(release))))
      if (!seen.done) {
        isHeld = false
        return { seen, result: Option.none<A>() }
      }
      const decided = yield* decide(seen)
      const result = Option.isSome(decided)
        ? decided.value
        : yield* Effect.raceFirst(request(seen, replace), renewing(options, owner, () => isHeld))
      return { seen, result: Option.some(result) }
    })
    return Effect.ensuring(run, Effect.suspend(() => isHeld ? release : Effect.void))
  })

/** Obtains the shared result: from the store, or by a request for all processes. */
export const obtain = <A>(options: Options<A>): Effect.Effect<A, TokenStoreError> =>
  Effect.gen(function*() {
    const { decide, entry, pollEvery } = options
    const owner = crypto.randomUUID()
    const begun = yield* Clock.currentTimeMillis
    let seen: Seen = yield* entry.load
    for (let looks = 0;;) {
      const decided = yield* decide(seen)
      if (Option.isSome(decided)) {
        if (looks > 0) {
          const now = yield* Clock.currentTimeMillis
          yield* metrics.record(metrics.leaseWaits, Math.max(0, now - begun) / 1000)
        }
        return decided.value
      }
      if (seen.leasedFor <= 0) {
        const attempt = yield* underLease(options, owner)
        if (Option.isSome(attempt.result)) return attempt.result.value
        seen = attempt.seen
        continue
      }
      const random = yield* Random.next
      const pause = Math.min(pollPause(pollEvery, looks, random), seen.leasedFor + random * pollEvery)
      yield* Effect.sleep(Duration.millis(pause))
      looks += 1
      seen = yield* entry.load
    }
  })
