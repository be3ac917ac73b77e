/**
 * The choice of the fault for the next request: from a queue, by a rule, or drawn from a mixture.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"

import type { Fault } from "../Fault.js"
import { Broken } from "./host.js"
import { offClock } from "./offClock.js"
import * as randoms from "./seam/randoms.js"

export interface Mixture {
  /** The seed; the same seed results in the same faults. */
  readonly seed: string
  /** The fraction of the requests that fail, from 0 to 1. */
  readonly probability: number
  /** The faults, each with the same probability; list one twice to double it. */
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

/** The statuses of responses that have no body (Fetch standard, "null body status"). */
const withoutBody: ReadonlyArray<number> = [101, 204, 205, 304]

/** Returns half of the body, then breaks the connection. The length in the header is that of the whole body. */
const cutShort = async (response: Response): Promise<Response> => {
  const bytes = new Uint8Array(await response.arrayBuffer())
  const headers = new Headers(response.headers)
  headers.set("content-length", String(bytes.length))
  const parts = [bytes.slice(0, Math.floor(bytes.length / 2))]
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const part = parts.pop()
      if (part === undefined) controller.error(Object.assign(new Error("ECONNRESET"), { code: "ECONNRESET" }))
      else controller.enqueue(part)
    }
  })
  return new Response(body, { status: response.status, headers })
}

const faulty = (fault: Fault | undefined, answer: Effect.Effect<Response>): Effect.Effect<Response, Broken> => {
  if (typeof fault === "object") {
    switch (fault._tag) {
      case "Answer":
        return Effect.sync(() =>
          new Response(withoutBody.includes(fault.status) ? null : fault.body as BodyInit, {
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
      return Effect.flatMap(answer, (response) => Effect.promise(() => cutShort(response)))
    default:
      return answer
  }
}

/** Sets `Date` (RFC 9110 section 6.6.1), as each server does. */
const dated = (response: Response): Effect.Effect<Response> =>
  response.headers.has("date") ? Effect.succeed(response) : Effect.map(Clock.currentTimeMillis, (now) => {
    const headers = new Headers(response.headers)
    headers.set("date", new Date(now).toUTCString())
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
  })

/** Returns the response of a server with a fault, by the clock of the server with this fault. */
export const apply = (fault: Fault | undefined, answer: Effect.Effect<Response>): Effect.Effect<Response, Broken> => {
  const response = Effect.flatMap(faulty(fault, answer), dated)
  return typeof fault === "object" && fault._tag === "ClockOffset"
    ? Effect.flatMap(Effect.clock, (clock) => Effect.withClock(response, offClock(clock, () => fault.millis)))
    : response
}
