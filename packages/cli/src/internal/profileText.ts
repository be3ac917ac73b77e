/**
 * A profile as text: the variables that a service would find in its environment, one a line, as `node --env-file` reads
 * them too.
 */
import { parseEnv } from "node:util"

import * as Either from "effect/Either"

/** What only this command knows, beside the variables of the library. */
export const own = {
  /** A command that prints the secret. */
  secretCommand: "OAUTH_CLIENT_SECRET_COMMAND",
  /** `true`: the user is asked for the secret. */
  secretPrompt: "OAUTH_CLIENT_SECRET_PROMPT",
  /** How many tokens may be asked for in a day. */
  tokensPerDay: "OAUTH_TOKENS_PER_DAY"
} as const

export type Values = Readonly<Record<string, string>>

const name = /^[A-Z][A-Z0-9_]*$/

/** What a profile, or a file, may be called. */
export const isProfileName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)

/** A value must fit between quotes of one kind, and on a line. */
const quote = (value: string): string | undefined => {
  if (/[\r\n\0]/.test(value)) return undefined
  // Between double quotes \n would be read as a line break.
  return ["'", "`"].filter((mark) => !value.includes(mark)).map((mark) => mark + value + mark)[0]
}

export const write = (values: Values): Either.Either<string, string> =>
  Either.map(
    Either.all(
      Object.entries(values).map(([variable, value]) => {
        const quoted = quote(value)
        return quoted === undefined || !name.test(variable)
          ? Either.left(`${variable} has characters that a profile cannot hold.`)
          : Either.right(`${variable}=${quoted}\n`)
      })
    ),
    (lines) => lines.join("")
  )

/**
 * The variables as Node reads them (`node --env-file`), or the number of a line that is none. Node passes over such a line; a
 * setting would be missing.
 */
export const read = (text: string): Either.Either<Values, number> => {
  const values = parseEnv(text) as Values
  // The lines of a value that has several of them are none by themselves.
  const within = new Set(Object.values(values).flatMap((value) => value.includes("\n") ? value.split(/\r?\n/) : []))
  const wrong = text.split(/\r?\n/).findIndex((line) =>
    !/^\s*(#.*|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=.*)?$/.test(line) && !within.has(line.replace(/["'`].*$/, ""))
  )
  return wrong === -1 ? Either.right(values) : Either.left(wrong + 1)
}
