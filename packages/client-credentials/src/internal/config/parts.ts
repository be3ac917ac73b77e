/**
 * Options of the parts of a client: valid values and defaults. Durations are in milliseconds.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import type { Signer } from "../../Signer.js"
import { isRecord } from "../protocol/json.js"
import { longestObeyed } from "../protocol/retryAfter.js"
import type { Window } from "../token/budgetWindow.js"
import type { Limit } from "../token/ledger.js"
import { defaultExpiryBuffer, defaultWindowRules } from "../token/windows.js"
import { collect, printable } from "./check.js"
import { isSigner, isValid, type Source } from "./credentialSource.js"
import * as rules from "./rules.js"

const fraction = (byDefault: number, expected: string, isValid: (value: number) => boolean) =>
  rules.parsed({
    default: byDefault,
    expected,
    read: (value) => typeof value === "number" && isValid(value) ? value : undefined
  })

const ofLife = (byDefault: number) =>
  fraction(byDefault, "a fraction of the token's life, from 0 to 1", (value) => value >= 0 && value <= 1)

/** Returns a duration in milliseconds; undefined if it is invalid. */
const millis = (value: unknown): number | undefined => {
  const check = collect()
  const result = check.duration("", value === undefined ? null : value, { default: 0 })
  return check.problems.length > 0 ? undefined : result
}

export type Pauses = readonly [number, ...ReadonlyArray<number>]

const pauses = (byDefault: Pauses) =>
  rules.parsed<Pauses>({
    default: byDefault,
    expected: "a list of one or more finite durations such as \"10 minutes\"",
    read: (value) => {
      if (!Array.isArray(value)) return undefined
      const [first, ...more] = value.map(millis)
      const rest = more.filter((pause) => pause !== undefined)
      return first === undefined || rest.length < more.length ? undefined : [first, ...rest]
    }
  })

const minute = 60_000

/** Excerpt of a response for a function of the user. */
interface Excerpt {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly bytes: Uint8Array
  readonly isComplete: boolean
}

type Declared = (excerpt: Excerpt) => boolean | Effect.Effect<boolean, unknown>

/** Responses that a user declares to be rejections. */
export const rejectedWhen = {
  statuses: rules.parsed<ReadonlySet<number>>({
    default: new Set(),
    expected: "statuses from 300 to 599, such as 403 and 419",
    read: (value) =>
      Array.isArray(value) && value.every((status) => Number.isInteger(status) && status >= 300 && status <= 599)
        ? new Set(value as ReadonlyArray<number>)
        : undefined
  }),
  response: rules.optional<Declared>(
    "a function of a response that returns true or false",
    (value): value is Declared => typeof value === "function"
  ),
  maxBodyBytes: rules.number({ default: 16_384, min: 0, max: 1_048_576, integer: true })
}

export const tokenCache = {
  refreshBefore: rules.duration(defaultWindowRules.refreshBefore),
  refreshFraction: ofLife(defaultWindowRules.refreshFraction),
  expiryBuffer: rules.duration(defaultExpiryBuffer.expiryBuffer),
  expiryBufferFraction: ofLife(defaultExpiryBuffer.expiryBufferFraction),
  backOff: rules.optional("a Schedule", Schedule.isSchedule),
  retryTimeout: rules.duration("5 seconds"),
  requestTimeout: rules.positiveDuration("1 minute"),
  maxRetryAfter: rules.duration(longestObeyed),
  rejectionPauses: pauses([minute, 10 * minute, 120 * minute, 720 * minute]),
  capacity: rules.positiveInteger(100)
}

export const tokenEndpoint = {
  timeout: rules.positiveDuration("30 seconds"),
  maxResponseBytes: rules.positiveInteger(1_048_576),
  defaultLife: rules.positiveDuration("1 hour"),
  requireScope: rules.flag(false),
  maxLife: rules.positiveDuration("30 days")
}

export const serverMetadata = {
  life: rules.duration("1 hour"),
  timeout: rules.positiveDuration("10 seconds")
}

const proofAlgorithms = ["ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"] as const

export const dpop = {
  algorithm: rules.optional<typeof proofAlgorithms[number]>(
    `${proofAlgorithms.join(" or ")}`,
    (value): value is typeof proofAlgorithms[number] => proofAlgorithms.some((one) => one === value)
  ),
  key: rules.optional<Source | Signer>(
    "a private key as PEM or JWK in a Redacted string (Redacted.make), an Effect that reads it, or a Signer",
    (value): value is Source | Signer => isSigner(value) || Effect.isEffect(value) || isValid("private key", value)
  )
}

export const sharedTokens = {
  leaseLife: rules.positiveDuration("10 seconds"),
  pollEvery: rules.positiveDuration("200 millis"),
  storeTimeout: rules.positiveDuration("2 seconds"),
  whenStoreFails: rules.parsed<"ownToken" | "fail">({
    default: "ownToken",
    expected: "ownToken or fail",
    read: (value) => value === "ownToken" || value === "fail" ? value : undefined
  }),
  onBehalfOf: rules.flag(false)
}

const isTimeZone = (timeZone: unknown): timeZone is string => {
  try {
    return typeof timeZone === "string" && new Intl.DateTimeFormat("en", { timeZone }) !== undefined
  } catch {
    return false
  }
}

const windows =
  "a duration above 0 such as \"24 hours\", or { timeZone } such as Europe/Amsterdam for calendar days, " +
  "with calendar: \"hour\" or \"month\" for hours or months"

/** Units of a calendar; the first is the default. */
const calendars = ["day", "hour", "month"] as const

const window = (value: unknown): Window | undefined => {
  if (isRecord(value) && "timeZone" in value) {
    const { calendar = calendars[0], timeZone, ...more } = value
    const unit = calendars.find((one) => one === calendar)
    return unit !== undefined && isTimeZone(timeZone) && Object.keys(more).length === 0
      ? { _tag: "Calendar", unit, timeZone }
      : undefined
  }
  const length = millis(value)
  return length === undefined || length === 0 ? undefined : { _tag: "Sliding", millis: length }
}

const furtherLimit = (value: unknown): ReadonlyArray<Limit> => {
  if (!isRecord(value)) return []
  const { limit, window: wanted, ...more } = value
  const read = window(wanted)
  const isValid = typeof limit === "number" && Number.isSafeInteger(limit) && limit > 0 &&
    Object.keys(more).length === 0
  return isValid && read !== undefined ? [{ limit, window: read }] : []
}

export const issuanceBudget = {
  limit: rules.optional(
    "a positive integer",
    (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value > 0
  ),
  window: rules.parsed<Window>({
    default: { _tag: "Sliding", millis: 1440 * minute },
    expected: windows,
    read: window
  }),
  furtherLimits: rules.parsed<ReadonlyArray<Limit>>({
    default: [],
    expected: `a list of { limit, window }, each with a positive integer and ${windows}`,
    read: (value) => {
      const limits = Array.isArray(value) ? value.flatMap(furtherLimit) : []
      return Array.isArray(value) && limits.length === value.length ? limits : undefined
    }
  }),
  name: rules.optional(
    "a name of 1 to 100 characters, without control characters",
    (value): value is string => printable(value) && value.length <= 100
  ),
  reserveFraction: fraction(
    1 / 5,
    "a fraction of the limit, from 0 to less than 1",
    (value) => value >= 0 && value < 1
  ),
  warnAt: rules.parsed<ReadonlyArray<number>>({
    default: [0.8, 1],
    expected: "a list of parts of the limit, from above 0 to 1",
    read: (value) =>
      Array.isArray(value) && value.every((part) => typeof part === "number" && part > 0 && part <= 1)
        ? value
        : undefined
  }),
  withoutStore: rules.number({ default: 0, min: 0, integer: true }),
  followIssuerQuotas: rules.flag(true)
}

const isString = (value: unknown): value is string => typeof value === "string"

export const protectedResource = {
  resource: rules.required("", "the resource identifier of the API, an absolute URL", isString),
  allowedIssuers: rules.required<ReadonlyArray<string>>(
    [],
    "a list of issuer identifiers",
    (value): value is ReadonlyArray<string> => Array.isArray(value) && value.every(isString)
  ),
  allowHttpLoopback: rules.flag(false)
}

export const storeFiles = {
  directory: rules.required("", "the path of a directory", printable)
}

const common = {
  tokenCache: rules.nested(tokenCache),
  tokenEndpoint: rules.nested(tokenEndpoint),
  serverMetadata: rules.nested(serverMetadata)
}

/** Parts of a client. */
export const client = { ...common, revokeAtShutdown: rules.flag(false) }

/** Parts of a client that shares its tokens. */
export const sharedClient = {
  ...common,
  sharedTokens: rules.nested(sharedTokens),
  issuanceBudget: rules.optionalGroup(issuanceBudget)
}
