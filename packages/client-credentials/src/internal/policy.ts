/**
 * The rules of a token's life, as numbers: every duration in milliseconds.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"

import type { AccessToken } from "../AccessToken.js"
import { InvalidConfig } from "../InvalidConfig.js"
import type { Options } from "../TokenCache.js"
import { collect } from "./config/check.js"
import * as instant from "./instant.js"

export interface Policy {
  readonly renewBefore: number
  readonly renewFraction: number
  readonly stopBefore: number
  readonly stopFraction: number
  readonly patience: number
  readonly deadline: number
  readonly maxRetryAfter: number
  readonly refusalPauses: readonly [number, ...ReadonlyArray<number>]
  readonly capacity: number
}

/** How long before its expiry a token is no longer used. */
export type ExpiryBuffer = Pick<Policy, "stopBefore" | "stopFraction">

export const defaultExpiryBuffer: ExpiryBuffer = { stopBefore: 10_000, stopFraction: 1 / 10 }

const lifeOf = (token: AccessToken): number => Math.max(0, token.expiresAt - token.requestedAt)

const stopOf = ({ stopBefore, stopFraction }: ExpiryBuffer, life: number): number =>
  Math.min(stopBefore, life * stopFraction)

/** Whether a token may still be used, by the wall clock: the one rule for cached tokens and for those from a store. */
export const isUsable = (buffer: ExpiryBuffer) => (token: AccessToken, now: number): boolean =>
  now < token.expiresAt - stopOf(buffer, lifeOf(token))

/** After the server issued again what it had issued before, and that is of no use any more. */
export const noGainPause = 1000

export const make = (options: Options): Either.Either<Policy, InvalidConfig> => {
  const { expect, problems } = collect()
  const duration = (setting: keyof Options, value: Duration.DurationInput): number => {
    const decoded = Duration.decodeUnknown(value)
    const millis = decoded._tag === "Some" ? Duration.toMillis(decoded.value) : undefined
    return expect(
      setting,
      millis !== undefined && Number.isFinite(millis) ? millis : undefined,
      "a finite duration such as \"30 seconds\""
    ) ?? 0
  }
  const fraction = (setting: keyof Options, value: number): number =>
    expect(setting, value >= 0 && value <= 1 ? value : undefined, "a fraction of the token's life, from 0 to 1") ?? 0

  const [first, ...more] = (options.refusalPauses ?? ["1 minute", "10 minutes", "2 hours", "12 hours"]).map(
    (pause) => duration("refusalPauses", pause)
  )
  expect("refusalPauses", first, "at least one pause")
  const capacity = options.capacity ?? 100
  expect("capacity", Number.isInteger(capacity) && capacity > 0 ? capacity : undefined, "a whole number from 1 on")

  const policy: Policy = {
    renewBefore: duration("renewBefore", options.renewBefore ?? "5 minutes"),
    renewFraction: fraction("renewFraction", options.renewFraction ?? 1 / 5),
    stopBefore: duration("stopBefore", options.stopBefore ?? defaultExpiryBuffer.stopBefore),
    stopFraction: fraction("stopFraction", options.stopFraction ?? defaultExpiryBuffer.stopFraction),
    patience: duration("patience", options.patience ?? "5 seconds"),
    deadline: duration("deadline", options.deadline ?? "1 minute"),
    maxRetryAfter: duration("maxRetryAfter", options.maxRetryAfter ?? "1 hour"),
    refusalPauses: [first ?? 0, ...more],
    capacity
  }
  return problems.length > 0 ? Either.left(new InvalidConfig({ problems })) : Either.right(policy)
}

export interface Windows {
  /** From here on the token is renewed in the background. */
  readonly renewFrom: instant.Instant
  /** From here on it is not handed out. */
  readonly usableUntil: instant.Instant
  readonly expires: instant.Instant
  /** Milliseconds, from the request on. */
  readonly life: number
}

/**
 * Where the windows of a token begin, given when its request was sent and a jitter from 0 to 1, which moves its renewal
 * into the first half of the renewal window, so that tokens issued together are not renewed together.
 */
export const windows = (policy: Policy, token: AccessToken, sent: instant.Instant, jitter: number): Windows => {
  const life = lifeOf(token)
  const stop = stopOf(policy, life)
  const renew = Math.max(stop, Math.min(policy.renewBefore, life * policy.renewFraction))
  // One that another process asked for is older than the look at the store that found it.
  const age = Math.max(0, sent.wall - token.requestedAt)
  const requested: instant.Instant = { wall: token.requestedAt, steady: sent.steady - age }
  return {
    renewFrom: instant.after(requested, life - renew + jitter * (renew - stop) / 2),
    usableUntil: instant.after(requested, life - stop),
    expires: instant.after(requested, life),
    life
  }
}
