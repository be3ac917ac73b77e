/**
 * The format of profiles: the environment variables of a service, one a line, as `node --env-file` reads them.
 */
import { parseEnv } from "node:util"

import * as Either from "effect/Either"

/** The variables that only this command reads, in addition to those of the library. */
export const own = {
  /** A command that prints the secret. */
  secretCommand: "OAUTH_CLIENT_SECRET_COMMAND",
  /** `true`: the command prompts for the secret. */
  secretPrompt: "OAUTH_CLIENT_SECRET_PROMPT",
  /** The maximum number of token requests in a day. */
  tokensPerDay: "OAUTH_TOKENS_PER_DAY"
} as const

export type Values = Readonly<Record<string, string>>

const name = /^[A-Z][A-Z0-9_]*$/

/** Returns true if the string is a valid name of a profile, or of its file. */
export const isProfileName = (text: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)

/** Quotes a value. Returns undefined if it contains line breaks, or both kinds of quotes in use. */
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
 * Returns the variables as Node reads them (`node --env-file`), or the number of the first invalid line. Node ignores such a
 * line, so that a setting would be missing.
 */
export const read = (written: string): Either.Either<Values, number> => {
  // Node takes the byte order mark of Windows editors for a part of the first name.
  const text = written.replace(/^\ufeff/, "")
  // Some versions of Node.js read a comment that follows blanks and contains "=" as a variable whose name begins with "#".
  const values: Values = Object.fromEntries(
    Object.entries(parseEnv(text)).filter((one): one is [string, string] =>
      one[1] !== undefined && !one[0].startsWith("#")
    )
  )
  // The lines of a multi-line value are not variables by themselves.
  const within = new Set(Object.values(values).flatMap((value) => value.includes("\n") ? value.split(/\r?\n/) : []))
  const wrong = text.split(/\r?\n/).findIndex((line) =>
    !/^\s*(#.*|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=.*)?$/.test(line) && !within.has(line.replace(/["'`].*$/, ""))
  )
  return wrong === -1 ? Either.right(values) : Either.left(wrong + 1)
}
