/**
 * Options of the parts of clients that share their tokens: valid values and defaults. Durations are in milliseconds. Apart from
 * the other parts, so that bundlers leave them out of programs that share no tokens.
 */
import { isRecord } from "../protocol/json.js"
import type { Window } from "../token/budgetWindow.js"
import type { Limit } from "../token/ledger.js"
import type { Allowance } from "../token/ownChanges.js"
import { printable } from "./check.js"
import * as parts from "./parts.js"
import * as rules from "./rules.js"

/** Total time for failed operations of the store. */
const storeTimeout = rules.positiveDuration("2 seconds")

export const sharedTokens = {
  leaseLife: rules.positiveDuration("10 seconds"),
  pollEvery: rules.positiveDuration("200 millis"),
  storeTimeout,
  whenStoreFails: rules.oneOf("ownToken", "fail"),
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
  const length = parts.millis(value)
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

const allowance = (value: unknown): Allowance | undefined => {
  const { fraction, tokens, ...more } = isRecord(value) ? value : { tokens: value, fraction: 1 }
  const isValid = typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens >= 0 &&
    typeof fraction === "number" && fraction > 0 && fraction <= 1 && Object.keys(more).length === 0
  return isValid ? { tokens, fraction } : undefined
}

export const issuanceBudget = {
  limit: rules.optional(
    "a positive integer",
    (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value > 0
  ),
  window: rules.parsed<Window>({
    default: { _tag: "Sliding", millis: 86_400_000 },
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
  reserveFraction: parts.fraction(
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
  withoutStore: rules.parsed<Allowance>({
    default: { tokens: 0, fraction: 1 },
    expected: "a non-negative integer, or { tokens, fraction } with such a number and a fraction above 0, at most 1",
    read: allowance
  }),
  storeTimeout,
  followIssuerQuotas: rules.flag(true)
}

export const storeFiles = {
  directory: rules.required("", "the path of a directory", printable)
}

type Shared = { readonly [Name in typeof parts.sharedNames[number]]: rules.Rule<unknown> }

/** Parts of a client that shares its tokens. */
export const sharedClient = {
  ...parts.common,
  ...{
    sharedTokens: rules.nested(sharedTokens),
    issuanceBudget: rules.optionalGroup(issuanceBudget)
  } satisfies Shared
}
