/**
 * The lease loop: one process requests what all processes that share a store need, the others wait and take it over.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"

import type { TokenStoreError } from "../../OAuthError.js"
import type { TokenStore } from "../../TokenStore/contract.js"
import * as metrics from "../seam/metrics.js"
import { pollPause } from "../token/lease.js"

/** What a process finds in the store. */
export interface Seen<A> {
  readonly generation: number
  /** What is taken over; undefined when a request is needed. */
  readonly found: A | undefined
}

export interface Options<A, E> {
  readonly store: TokenStore
  readonly key: string
  readonly leaseLife: Duration.Duration
  /** Milliseconds. */
  readonly pollEvery: number
  /** Looks at the store. */
  readonly look: Effect.Effect<Seen<A>, TokenStoreError>
  /** Requests it, and stores it at the generation that was seen. */
  readonly request: (generation: number) => Effect.Effect<A, E>
}

/**
 * Takes the lease, looks again, since the owner before may have stored something in between, and requests. Returns none
 * while another process has the lease.
 */
const underLease = <A, E>({ key, leaseLife, look, request, store }: Options<A, E>, owner: string) =>
  Effect.acquireUseRelease(
    store.acquire(key, owner, leaseLife),
    (isOwner): Effect.Effect<Option.Option<A>, E | TokenStoreError> =>
      isOwner
        ? Effect.flatMap(look, ({ found, generation }) =>
          Effect.asSome(found === undefined ? request(generation) : Effect.succeed(found)))
        : Effect.succeed(Option.none()),
    (isOwner) => isOwner ? Effect.ignore(store.release(key, owner)) : Effect.void
  )

/** One round: look, acquire, look again, request, release. */
const round = <A, E>(options: Options<A, E>, owner: string): Effect.Effect<Option.Option<A>, E | TokenStoreError> =>
  Effect.flatMap(
    options.look,
    ({ found }) => found === undefined ? underLease(options, owner) : Effect.succeedSome(found)
  )

/** Returns an effect that waits until the entry may have changed: until the store reports it, or for the polling pause. */
const waiting = ({ key, pollEvery, store }: Options<unknown, unknown>) =>
  Effect.gen(function*() {
    const changed = yield* Queue.sliding<void>(1)
    if (store.changes !== undefined) {
      const listen = Stream.runForEach(store.changes(key), () => Queue.offer(changed, undefined))
      // Its end is not awaited: the connection that it uses may be gone.
      yield* Effect.acquireRelease(Effect.forkDaemon(Effect.interruptible(listen)), Fiber.interruptFork)
    }
    return Effect.flatMap(Random.next, (random) =>
      Effect.raceFirst(Queue.take(changed), Effect.sleep(Duration.millis(pollPause(pollEvery, random)))))
  })

/** Obtains what the processes share: from the store, or by a request for all of them. */
export const obtain = <A, E>(options: Options<A, E>): Effect.Effect<A, E | TokenStoreError> =>
  Effect.gen(function*() {
    const owner = crypto.randomUUID()
    const begun = yield* Clock.currentTimeMillis
    const first = yield* round(options, owner)
    if (Option.isSome(first)) return first.value
    const wait = yield* waiting(options)
    let next: Option.Option<A> = Option.none()
    while (Option.isNone(next)) {
      yield* wait
      next = yield* round(options, owner)
    }
    const now = yield* Clock.currentTimeMillis
    yield* metrics.record(metrics.leaseWaits, Math.max(0, now - begun) / 1000)
    return next.value
  }).pipe(Effect.scoped)
