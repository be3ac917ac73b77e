/**
 * The JSON bodies of the control: read strictly, since a misspelt member would be a test that tests something else.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

import * as Fault from "../Fault.js"
import * as problems from "./seam/problems.js"

/** A body that cannot be used: the member, what was expected and what was found. */
export class WrongBody extends Data.TaggedError("WrongBody")<{ readonly message: string }> {}

const wrong = (path: string, message: string) =>
  new WrongBody({ message: path === "" ? message : `${path}: ${message}` })

type Key = string | number | symbol

const keysOf = ({ path = [] }: problems.Issue): ReadonlyArray<Key> =>
  path.map((part) => typeof part === "object" ? part.key : part)

const within = (place: string, key: Key): string => {
  if (typeof key === "number") return `${place}[${key}]`
  return place === "" ? String(key) : `${place}.${String(key)}`
}

const memberOf = (value: unknown, key: Key): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<Key, unknown>>)[key] : undefined

/** Not all versions of Effect state what was found. */
const sentence = (path: string, issue: problems.Issue, value: unknown): string => {
  const keys = keysOf(issue)
  const place = keys.reduce<string>(within, path)
  const found = keys.reduce(memberOf, value)
  const json = found === undefined ? "" : JSON.stringify(found).slice(0, 100)
  const actual = issue.message.includes(json) ? "" : `, actual ${json}`
  return `${place === "" ? "" : `${place}: `}${issue.message}${actual}`
}

/** Reads a value by a schema, at a place of the body. */
export const read = <A, I>(schema: Schema.Schema<A, I>, value: unknown, path = ""): Effect.Effect<A, WrongBody> => {
  const checked = problems.check(schema, value)
  return checked.issues === undefined
    ? Effect.succeed(checked.value)
    : wrong("", checked.issues.map((issue) => sentence(path, issue, value)).join("; "))
}

const units: Readonly<Record<string, number>> = {
  milli: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000
}

interface Range {
  readonly from: number
  readonly to: number
  readonly stated: string
}

const year = 365 * 86_400_000

/** Of what the clock of a sandbox moves on by. */
export const forward: Range = { from: 0, to: 10 * year, stated: "from 0 to 3650 days" }

const offset: Range = { from: -10 * year, to: 10 * year, stated: "from -3650 to 3650 days" }

/** Longer than any client waits, and short enough for timers. */
const late: Range = { from: 0, to: 86_400_000, stated: "from 0 to 1 day" }

const millisOf = (value: unknown): number | undefined => {
  if (typeof value === "number") return value * 1000
  const [, count, unit = ""] = typeof value === "string" ? /^(-?\d+(?:\.\d+)?) ?([a-z]+?)s?$/.exec(value) ?? [] : []
  const millis = Object.hasOwn(units, unit) ? units[unit] : undefined
  return count === undefined || millis === undefined ? undefined : Number(count) * millis
}

/** Reads a time span in milliseconds: seconds, or a string such as `24 hours`. */
export const readSpan = (
  value: unknown,
  { from, stated, to }: Range,
  path: string
): Effect.Effect<number, WrongBody> => {
  const millis = millisOf(value)
  return millis !== undefined && millis >= from && millis <= to
    ? Effect.succeed(millis)
    : wrong(path, `Expected seconds or a time span such as "2 hours", ${stated}, actual ${JSON.stringify(value)}`)
}

const Word = Schema.Literal("hang", "reset", "refuse", "cutShort", "sameToken")

const Status = Schema.Int.pipe(Schema.between(200, 599))

const Answer = Schema.Struct({
  status: Status,
  body: Schema.optional(Schema.Unknown),
  headers: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
})

const OAuthError = Schema.Struct({ error: Schema.String, status: Schema.optional(Status) })

const Delay = Schema.Struct({ delay: Schema.Unknown })

const ClockAhead = Schema.Struct({ clockAhead: Schema.Unknown })

const has = (value: unknown, member: string): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, member)

const answerOf = (
  { body, headers = {}, status }: typeof Answer.Type,
  path: string
): Effect.Effect<Fault.Fault, WrongBody> =>
  Effect.try({
    try: () => {
      const names = Object.fromEntries(new Headers(headers))
      return typeof body === "string" || body === undefined
        ? Fault.answer(status, body, names)
        : Fault.answer(status, JSON.stringify(body), { "content-type": "application/json", ...names })
    },
    catch: () =>
      wrong(`${path}.headers`, `Expected names and values of HTTP headers, actual ${JSON.stringify(headers)}`)
  })

/**
 * Reads a fault: a word of `Fault`, `{ status, body, headers }` for another response, `{ error, status }` for an OAuth error,
 * `{ delay }` for a late response, or `{ clockAhead }` for the clock of the server, both as time spans.
 */
const readFault = (value: unknown, path: string): Effect.Effect<Fault.Fault, WrongBody> =>
  Effect.gen(function*() {
    if (has(value, "delay")) {
      const { delay } = yield* read(Delay, value, path)
      return Fault.delay(yield* readSpan(delay, late, `${path}.delay`))
    }
    if (has(value, "clockAhead")) {
      const { clockAhead } = yield* read(ClockAhead, value, path)
      return Fault.clockOffset(yield* readSpan(clockAhead, offset, `${path}.clockAhead`))
    }
    if (has(value, "error")) {
      const { error, status } = yield* read(OAuthError, value, path)
      return Fault.oauthError(error, status)
    }
    return typeof value === "object" && value !== null
      ? yield* answerOf(yield* read(Answer, value, path), path)
      : yield* read(Word, value, path)
  })

const Faults = Schema.Struct({ server: Schema.optional(Schema.Unknown), api: Schema.optional(Schema.Unknown) })

/** A list of faults, or one. */
const readList = (value: unknown, name: string) => {
  const [isList, all] = Array.isArray(value) ? [true, value as ReadonlyArray<unknown>] : [false, [value]]
  return value === undefined
    ? Effect.succeed([])
    : Effect.forEach(all, (one, index) => readFault(one, isList ? `${name}[${index}]` : name))
}

/** Reads the faults of both servers. */
export const readFaults = (body: unknown) =>
  Effect.gen(function*() {
    const { api, server } = yield* read(Faults, body)
    if (api === undefined && server === undefined) return yield* wrong("", "Expected server or api, actual {}")
    return { server: yield* readList(server, "server"), api: yield* readList(api, "api") }
  })

export const Revoke = Schema.Struct({ number: Schema.optional(Schema.Int) })

export const Secret = Schema.Struct({ clientId: Schema.String, secret: Schema.String })

export const Clock = Schema.Struct({ advance: Schema.Unknown })

/** Reads the body of an operation that takes none. */
export const readNothing = (body: Readonly<Record<string, unknown>>): Effect.Effect<void, WrongBody> => {
  const [name] = Object.keys(body)
  return name === undefined ? Effect.void : wrong(name, "is unexpected, since the operation has no members")
}
