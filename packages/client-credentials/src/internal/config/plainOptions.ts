/**
 * Options as programs without Effect write them: strings and functions in place of `Redacted` and `Effect`.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type { Overrides } from "../../TokenRequest.js"
import { kindOf } from "../protocol/foreignError.js"
import { isRecord } from "../protocol/json.js"
import type { Source } from "./credentialSource.js"

/** A secret, or a function that reads it whenever it is needed. */
export type Secret = string | Source | (() => string | Promise<string>)

export const source = (secret: Secret): Source =>
  typeof secret === "string"
    ? Redacted.make(secret)
    : typeof secret === "function"
    ? Effect.tryPromise({
      try: async () => Redacted.make(await secret()),
      catch: (error) => ({ _tag: kindOf(error) })
    })
    : secret

/** What else is passed through is reported by the rules of the options. */
const converted = (
  options: unknown,
  conversions: Readonly<Record<string, (value: never) => unknown>>
): unknown =>
  isRecord(options)
    ? Object.fromEntries(
      Object.entries(options).map(([name, value]) => {
        const convert = Object.hasOwn(conversions, name) ? conversions[name] : undefined
        return [name, convert === undefined || value === undefined ? value : convert(value as never)]
      })
    )
    : options

const decoder = (decode: unknown): unknown =>
  typeof decode !== "function" || "ast" in decode ? decode : (json: unknown) => {
    const decoded: unknown = decode(json)
    return Option.isOption(decoded) ? decoded : Option.fromNullable(decoded)
  }

export const ofClient = (options: unknown): unknown =>
  converted(options, { clientSecret: source, previousClientSecret: source, tokenResponse: decoder })

/** Overrides of a token request. */
export type PlainOverrides = Omit<Overrides, "onBehalfOf"> & {
  readonly onBehalfOf?: string | Overrides["onBehalfOf"]
}

export const ofRequest = (overrides: PlainOverrides): Overrides =>
  converted(overrides, {
    onBehalfOf: (token: unknown) => typeof token === "string" ? Redacted.make(token) : token
  }) as Overrides
