/**
 * Options of the parts of a client: valid values and defaults. Durations are in milliseconds.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

import type { Signer } from "../../Signer.js"
import { longestObeyed } from "../protocol/retryAfter.js"
import { defaultExpiryBuffer, defaultWindowRules } from "../token/windows.js"
import { collect } from "./check.js"
import { isSigner, isValid, type Source } from "./credentialSource.js"
import * as rules from "./rules.js"

/** Returns a rule for a number. */
export const fraction = (byDefault: number, expected: string, isValid: (value: number) => boolean) =>
  rules.parsed({
    default: byDefault,
    expected,
    read: (value) => typeof value === "number" && isValid(value) ? value : undefined
  })

const ofLife = (byDefault: number) =>
  fraction(byDefault, "a fraction of the token's lifetime, from 0 to 1", (value) => value >= 0 && value <= 1)

/** Returns a duration in milliseconds; undefined if it is invalid. */
export const millis = (value: unknown): number | undefined => {
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

/** Parts of every client. */
export const common = {
  tokenCache: rules.nested(tokenCache),
  tokenEndpoint: rules.nested(tokenEndpoint),
  serverMetadata: rules.nested(serverMetadata)
}

/** Parts of a client. */
export const client = { ...common, revokeAtShutdown: rules.flag(false) }

/** Names of the parts that only a client that shares its tokens has: `fleetParts` has their rules. */
export const sharedNames = ["sharedTokens", "issuanceBudget"] as const
