/**
 * Shared state of one token request, kept in one sealed entry: the token, the last failure to request one, the latch after
 * rejections, and the requests that a budget counted, in case the store loses its ledger. Times are those of the store, in
 * milliseconds since the epoch.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

import type { AccessToken } from "../../AccessToken.js"
import type { Latch } from "../token/latch.js"
import * as coolDown from "./coolDown.js"
import { Moment } from "./moment.js"
import * as storedToken from "./storedToken.js"

export interface Record {
  readonly token: AccessToken | undefined
  readonly coolDown: coolDown.CoolDown | undefined
  readonly latch: Latch | undefined
  readonly counted: { readonly times: ReadonlyArray<number>; readonly until: number } | undefined
}

export const empty: Record = { token: undefined, coolDown: undefined, latch: undefined, counted: undefined }

const Kept = Schema.parseJson(Schema.Struct({
  token: Schema.optional(storedToken.Kept),
  coolDown: Schema.optional(coolDown.Kept),
  latch: Schema.optional(
    Schema.Struct({ replaced: Schema.NonNegativeInt, from: Moment, until: Moment, countsUntil: Moment })
  ),
  counted: Schema.optional(Schema.Struct({ times: Schema.Array(Moment), until: Moment }))
}))

export const encode = ({ coolDown: failure, counted, latch, token }: Record): string =>
  JSON.stringify({
    token: token && storedToken.toKept(token),
    coolDown: failure && coolDown.toKept(failure),
    latch,
    counted
  })

export const decode = (text: string): Option.Option<Record> =>
  Option.map(Schema.decodeOption(Kept)(text), ({ coolDown: failure, counted, latch, token }) => ({
    token: token && storedToken.fromKept(token),
    coolDown: failure && coolDown.fromKept(failure),
    latch,
    counted
  }))

/** Time for which a failure is kept after its pause, in milliseconds, so that the next one counts as consecutive. */
const failureKeptFor = 3_600_000

/** Returns the time at which the store may remove the entry. */
export const expiresAt = ({ coolDown, counted, latch, token }: Record): number =>
  Math.max(
    0,
    token?.expiresAt ?? 0,
    coolDown === undefined ? 0 : coolDown.until + failureKeptFor,
    latch?.countsUntil ?? 0,
    counted?.until ?? 0
  )
