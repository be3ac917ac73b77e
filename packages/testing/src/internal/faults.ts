/**
 * The choice of the fault for the next request: from a queue, by a rule, or drawn from a mixture.
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Ref from "effect/Ref"

import type { Fault, Targeted } from "../Fault.js"
import * as faultRules from "./faultRules.js"
import { Broken } from "./host.js"
import { offClock } from "./offClock.js"
import * as rules from "./rules.js"
import * as randoms from "./seam/randoms.js"

export interface Mixture {
  /** The seed; the same seed results in the same faults. */
  readonly seed: string
  /** The fraction of the requests that fail, from 0 to 1. */
  readonly probability: number
  /** The faults, each with the same probability; list one twice to double it. */
  readonly faults: readonly [Fault, ...ReadonlyArray<Fault>]
}

/** The part of a request by which a fault is chosen. */
interface Target {
  readonly url: URL
  readonly method: string
  readonly endpoint?: string
}

export interface Faults<A> {
  /** Adds faults, each for one request or for those that it states. The first one that applies to a request is used. */
  readonly next: (...faults: ReadonlyArray<Fault | Targeted>) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  /** Sets a function that returns the fault of a request for which there is none by `next`. */
  readonly rule: (rule: (request: A) => Fault | undefined) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  readonly random: (mixture: Mixture) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  readonly clear: Effect.Effect<void>
}

/** A fault with the number of requests that it still applies to. */
interface Pending extends Targeted {
  readonly left: number
}

const pending = (one: Fault | Targeted): Pending => {
  const targeted = typeof one === "object" && "fault" in one ? one : { fault: one }
  const { times = 1 } = targeted
  return { ...targeted, left: times === "always" ? Infinity : times }
}

const isAt = (path: string, { pathname }: URL): boolean =>
  path.endsWith("*") ? pathname.startsWith(path.slice(0, -1)) : pathname === path

const isFor = ({ endpoint, method, path }: Pending, request: Target): boolean =>
  (endpoint === undefined || endpoint === request.endpoint) &&
  (method === undefined || method.toUpperCase() === request.method) && (path === undefined || isAt(path, request.url))

/** Creates the faults of a server. A socket cannot have all that a server in memory has. */
export const make = <A extends Target>(transport: "memory" | "sockets") => {
  const queue = Ref.unsafeMake<ReadonlyArray<Pending>>([])
  const rule = Ref.unsafeMake<(request: A) => Effect.Effect<Fault | undefined>>(() => Effect.succeed(undefined))
  const fault = faultRules.fault(transport)
  const given = rules.list(faultRules.faultOrTargeted(fault))
  const mixture = rules.group<Mixture>(
    { seed: rules.text, probability: rules.number(0, 1), faults: rules.list(fault, 1) },
    ["seed", "probability", "faults"]
  )

  const faults: Faults<A> = {
    next: (...more) =>
      Effect.zipRight(
        rules.check(given, more, "faults"),
        Ref.update(queue, (faults) => [...faults, ...more.map(pending)])
      ),
    rule: (decide) =>
      Effect.zipRight(
        rules.check(rules.callback, decide, "rule"),
        // A wrong fault is a mistake in the function of the test.
        Ref.set(rule, (request) =>
          Effect.suspend(() => {
            const found = decide(request)
            return found === undefined
              ? Effect.succeed(undefined)
              : Effect.orDie(Effect.as(rules.check(fault, found, "rule"), found))
          }))
      ),
    random: (chosen) =>
      Effect.flatMap(rules.check(mixture, chosen), () => {
        const { faults: [first, ...rest], probability, seed } = chosen
        const random = randoms.make(seed)
        const all = [first, ...rest]
        return Ref.set(rule, () =>
          Effect.gen(function*() {
            const [goes, which] = [yield* Random.next, yield* Random.next]
            return goes < probability ? all[Math.floor(which * all.length)] : undefined
          }).pipe(Effect.withRandom(random)))
      }),
    clear: Effect.zipRight(Ref.set(queue, []), Ref.set(rule, () => Effect.succeed(undefined)))
  }

  const take = (request: A): Effect.Effect<Fault | undefined> =>
    Effect.flatMap(
      Ref.modify(queue, (all) => {
        const found = all.find((one) => isFor(one, request))
        return found === undefined ? [undefined, all] : [
          found.fault,
          all.flatMap((one) => one !== found ? [one] : one.left > 1 ? [{ ...one, left: one.left - 1 }] : [])
        ]
      }),
      (queued) =>
        queued === undefined ? Effect.flatMap(Ref.get(rule), (decide) => decide(request)) : Effect.succeed(queued)
    )

  return { faults, take }
}

/** The statuses of responses that have no body (Fetch standard, "null body status"). */
const withoutBody: ReadonlyArray<number> = [101, 204, 205, 304]

/**
 * Returns half of what the body begins with, then breaks the connection. The stated length is that of the whole body. Without a
 * body, the connection breaks before the response.
 */
const cutShort = (response: Response): Effect.Effect<Response, Broken> =>
  Effect.gen(function*() {
    const reader = response.body?.getReader()
    const { value: bytes } = (yield* Effect.promise(async () => reader?.read())) ?? {}
    if (reader === undefined || bytes === undefined || bytes.length === 0) {
      return yield* new Broken({ code: "ECONNRESET" })
    }
    // Of a body that does not end, the rest is not read.
    yield* Effect.promise(() => reader.cancel())
    const headers = new Headers(response.headers)
    if (!headers.has("content-length")) headers.set("content-length", String(bytes.length))
    const parts = [bytes.slice(0, Math.floor(bytes.length / 2))]
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const part = parts.pop()
        if (part === undefined) controller.error(Object.assign(new Error("ECONNRESET"), { code: "ECONNRESET" }))
        else controller.enqueue(part)
      }
    })
    return new Response(body, { status: response.status, statusText: response.statusText, headers })
  })

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
      return Effect.flatMap(answer, cutShort)
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
