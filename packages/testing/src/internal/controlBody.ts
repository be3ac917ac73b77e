/**
 * The JSON bodies of the control. Unknown members are rejected: with a misspelt one, a test would test something else.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

import * as Fault from "../Fault.js"
import * as faultRules from "./faultRules.js"
import * as rules from "./rules.js"

/** A body that cannot be used: the member, what was expected and what was found. */
export class WrongBody extends Data.TaggedError("WrongBody")<{ readonly message: string }> {}

const stated = ({ expected, found, setting }: rules.Problem): string => {
  const json = found === undefined ? "none" : JSON.stringify(found).slice(0, 100)
  return `${setting}: Expected ${expected}, actual ${json}`
}

const wrong = (problems: ReadonlyArray<rules.Problem>) => new WrongBody({ message: problems.map(stated).join("; ") })

/** Reads a value by a rule, at a place of the body. */
const read = <A>(rule: rules.Rule, value: unknown, path = ""): Effect.Effect<A, WrongBody> =>
  Effect.suspend(() => {
    const problems = rule(value, path)
    return problems.length === 0 ? Effect.succeed(value as A) : wrong(problems)
  })

const day = 86_400_000

const units: Readonly<Record<string, number>> = { milli: 1, second: 1000, minute: 60_000, hour: 3_600_000, day }

const millisOf = (value: unknown): number => {
  if (typeof value === "number") return value * 1000
  const [, count, unit = ""] = typeof value === "string" ? /^(-?\d+(?:\.\d+)?) ?([a-z]+?)s?$/.exec(value) ?? [] : []
  const millis = Object.hasOwn(units, unit) ? units[unit] : undefined
  return count === undefined || millis === undefined ? NaN : Number(count) * millis
}

const year = 365 * day

/** A time span within limits: seconds, or a string such as `24 hours`. */
const span = (from: number, to: number, stated: string): rules.Rule =>
  rules.that(`seconds or a time span such as "2 hours", ${stated}`, (value) => {
    const millis = millisOf(value)
    return millis >= from && millis <= to
  })

const offset = span(-10 * year, 10 * year, "from -3650 to 3650 days")

/** Longer than any client waits, and short enough for timers. */
const late = span(0, day, "from 0 to 1 day")

const base64 = rules.that(
  "bytes in base64",
  (value) => typeof value === "string" && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value)
)

const headers: rules.Rule = (value, path) => {
  const problems = rules.record(rules.anyText)(value, path)
  if (problems.length > 0) return problems
  return rules.that("names and values of HTTP headers", () => {
    try {
      return new Headers(value as Record<string, string>) instanceof Headers
    } catch {
      return false
    }
  })(value, path)
}

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly bodyBase64?: string
  readonly headers?: Readonly<Record<string, string>>
}

const anything: rules.Rule = () => []

const status = rules.integer(200, 599)

const answer = rules.group<Answer>({ status, body: anything, bodyBase64: base64, headers }, ["status"])

const answerOf = ({ body, bodyBase64, headers = {}, status }: Answer): Fault.Fault => {
  const names = Object.fromEntries(new Headers(headers))
  if (bodyBase64 !== undefined) {
    return Fault.answer(status, Uint8Array.from(atob(bodyBase64), (char) => char.charCodeAt(0)), names)
  }
  return typeof body === "string" || body === undefined
    ? Fault.answer(status, body, names)
    : Fault.answer(status, JSON.stringify(body), { "content-type": "application/json", ...names })
}

interface Form {
  /** The member by which the form is recognized. */
  readonly member: string
  readonly rule: rules.Rule
  readonly fault: (value: never) => Fault.Fault
}

const form = <A>(member: keyof A & string, rule: rules.Rule, fault: (value: A) => Fault.Fault): Form => ({
  member,
  rule,
  fault
})

/** The JSON forms of faults that are more than a word. The last one is that of any other object. */
const forms = [
  form<{ readonly delay: unknown }>("delay", rules.group({ delay: late }), ({ delay }) => Fault.delay(millisOf(delay))),
  form<{ readonly clockAhead: unknown }>(
    "clockAhead",
    rules.group({ clockAhead: offset }),
    ({ clockAhead }) => Fault.clockOffset(millisOf(clockAhead))
  ),
  form<{ readonly error: string; readonly status?: number }>(
    "error",
    rules.group({ error: rules.text, status }),
    ({ error, status }) => Fault.oauthError(error, status)
  ),
  form<Answer>("status", answer, answerOf)
] as const

const has = (value: unknown, member: string): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, member)

const formOf = (value: unknown): Form => forms.find(({ member }) => has(value, member)) ?? forms[3]

const word = faultRules.fault("sockets")

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

const fault: rules.Rule = (value, path) => (isObject(value) ? formOf(value).rule : word)(value, path)

const targeted = rules.group<Omit<Fault.Targeted, "fault"> & { readonly fault: unknown }>({
  fault,
  ...faultRules.target
}, ["fault"])

/** A list of faults, or one. */
const all: rules.Rule = (value, path) => {
  const one: rules.Rule = (value, path) => (has(value, "fault") ? targeted : fault)(value, path)
  return (Array.isArray(value) ? rules.list(one) : one)(value, path)
}

const faults = rules.group<{ readonly server: unknown; readonly api: unknown }>({ server: all, api: all })

const made = (value: unknown): Fault.Fault =>
  isObject(value) ? formOf(value).fault(value as never) : value as Fault.Fault

const madeAll = (value: unknown): ReadonlyArray<Fault.Fault | Fault.Targeted> =>
  (Array.isArray(value) ? value as ReadonlyArray<unknown> : value === undefined ? [] : [value]).map((one) => {
    if (!has(one, "fault")) return made(one)
    const given = one as Fault.Targeted
    return { ...given, fault: made(given.fault) }
  })

/** Reads the faults of both servers. */
export const readFaults = (body: unknown) =>
  Effect.gen(function*() {
    const { api, server } = yield* read<{ readonly server?: unknown; readonly api?: unknown }>(faults, body)
    if (api === undefined && server === undefined) {
      return yield* wrong([{ setting: "body", expected: "server or api", found: {} }])
    }
    return { server: madeAll(server), api: madeAll(api) }
  })

const revocation = rules.group<{ readonly number?: number }>({ number: rules.integer(1) })

export const readRevocation = (body: unknown) => read<{ readonly number?: number }>(revocation, body)

interface Secret {
  readonly clientId: string
  readonly secret: string
}

const secret = rules.group<Secret>({ clientId: rules.text, secret: rules.anyText }, ["clientId", "secret"])

export const readSecret = (body: unknown) => read<Secret>(secret, body)

const clock = rules.group({ advance: span(0, 10 * year, "from 0 to 3650 days") }, ["advance"])

/** Reads how far the clock is moved on, in milliseconds. */
export const readAdvance = (body: unknown) =>
  Effect.map(read<{ readonly advance: unknown }>(clock, body), ({ advance }) => millisOf(advance))

const nothing = rules.group({})

/** Reads the body of an operation that takes none. */
export const readNothing = (body: unknown): Effect.Effect<void, WrongBody> => Effect.asVoid(read(nothing, body))
