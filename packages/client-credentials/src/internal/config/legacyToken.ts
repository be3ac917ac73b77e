/**
 * Options of a legacy token: validation, and the settings that follow from them.
 */
import * as Either from "effect/Either"

import * as api from "./api.js"
import { type Check, collect, printable, type Problem } from "./check.js"
import * as credentialSource from "./credentialSource.js"
import * as rules from "./rules.js"

export const names = [
  "tokenId",
  "tokenSecret",
  "previousTokenSecret",
  "apiBaseUrl",
  "apiOrigins",
  "rejectedWhen",
  "allowOutsideBasePath",
  "allowHttpLoopback"
] as const

export type Options = { readonly [K in (typeof names)[number]]?: unknown }

/** The compiler rejects options whose type has a member that is not in `names`. */
export type Complete<O> = { readonly [K in Exclude<keyof O, keyof Options>]?: never }

export interface Settings {
  readonly tokenId: string
  readonly tokenSecret: credentialSource.Source
  readonly previousTokenSecret: credentialSource.Source | undefined
  readonly api: api.Api
}

/** Validates options whose names are known to be valid. Undefined if there is a problem. */
export const read = (check: Check, options: Options): Settings | undefined => {
  api.verification(check)
  const tokenId = check.expect(
    "tokenId",
    printable(options.tokenId) && !options.tokenId.includes(":") ? options.tokenId : undefined,
    "a string of one or more characters, without line breaks and colons (RFC 7617 section 2)"
  )
  const tokenSecret = credentialSource.validate(check, "tokenSecret", options.tokenSecret)
  const previousTokenSecret = options.previousTokenSecret === undefined
    ? undefined
    : credentialSource.validate(check, "previousTokenSecret", options.previousTokenSecret)
  const loopback = check.flag("allowHttpLoopback", options.allowHttpLoopback, false)
  const protectedApi = api.validate(check, options, loopback)
  return check.problems.length > 0 || tokenId === undefined || tokenSecret === undefined || protectedApi === undefined
    ? undefined
    : { tokenId, tokenSecret, previousTokenSecret, api: protectedApi }
}

/** Validates the options of a legacy token. Reports every problem. */
export const validate = <O>(options: O & Complete<O>): Either.Either<Settings, ReadonlyArray<Problem>> => {
  const check = collect()
  const settings = read(check, rules.members(check, options, names))
  return settings === undefined ? Either.left(check.problems) : Either.right(settings)
}
