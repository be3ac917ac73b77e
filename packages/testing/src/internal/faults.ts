/**
 * Which fault the next request meets: from a queue, by a rule, or drawn from a mixture.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"

import type { Fault } from "../Fault.js"
import { Broken } from "./host.js"
import * as randoms from "./seam/randoms.js"

export interface Mixture {
  /** The same seed gives the same faults. */
  readonly seed: string
  /** How many of the requests go wrong, from 0 to 1. */
  readonly probability: number
  /** Each as likely as the others; name one twice to have it twice as often. */
  readonly faults: readonly [Fault, ...ReadonlyArray<Fault>]
}

export interface Faults<A> {
  readonly next: (...faults: ReadonlyArray<Fault>) => Effect.Effect<void>
  readonly rule: (rule: (request: A) => Fault | undefined) => Effect.Effect<void>
  readonly random: (mixture: Mixture) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

export const make = <A>() => {
  const queue = Ref.unsafeMake<ReadonlyArray<Fault>>([])
  const rule = Ref.unsafeMake<(request: A) => Effect.Effect<Fault | undefined>>(() => Effect.succeed(undefined))

  const faults: Faults<A> = {
    next: (...more) => Ref.update(queue, (faults) => [...faults, ...more]),
    rule: (decide) => Ref.set(rule, (request) => Effect.sync(() => decide(request))),
    random: ({ faults: [first, ...rest], probability, seed }) => {
      const random = randoms.make(seed)
      const all = [first, ...rest]
      return Ref.set(rule, () =>
        Effect.gen(function*() {
          const [goes, which] = [yield* Random.next, yield* Random.next]
          return goes < probability ? all[Math.floor(which * all.length)] : undefined
        }).pipe(Effect.withRandom(random)))
    },
    clear: Effect.zipRight(Ref.set(queue, []), Ref.set(rule, () => Effect.succeed(undefined)))
  }

  const take = (request: A): Effect.Effect<Fault | undefined> =>
    Effect.flatMap(
      Ref.modify(queue, ([first, ...rest]) => [first, rest]),
      (queued) =>
        queued === undefined ? Effect.flatMap(Ref.get(rule), (decide) => decide(request)) : Effect.succeed(queued)
    )

  return { faults, take }
}

/** What the fault does on the way; the rest is for the server to do. */
export const apply = (fault: Fault | undefined, answer: Effect.Effect<Response>): Effect.Effect<Response, Broken> => {
  if (typeof fault === "object") {
    switch (fault._tag) {
      case "Answer":
        return Effect.sync(() =>
          new Response(fault.status === 204 ? null : fault.body as BodyInit, {
            status: fault.status,
            headers: fault.headers
          })
        )
      case "Delay":
        return Effect.zipRight(Effect.sleep(fault.duration), answer)
      case "ClockOffset":
        return answer
    }
  }
  switch (fault) {
    case "hang":
      return Effect.never
    case "reset":
      return new Broken({ code: "ECONNRESET" })
    case "refuse":
      return new Broken({ code: "ECONNREFUSED" })
    case "cutShort":
      return Effect.flatMap(answer, (response) =>
        Effect.promise(async () => {
          const bytes = await response.arrayBuffer()
          return new Response(bytes.slice(0, Math.floor(bytes.byteLength / 2)), response)
        }))
    default:
      return answer
  }
}
