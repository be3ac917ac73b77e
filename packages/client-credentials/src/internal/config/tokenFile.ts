/**
 * Reads identity tokens from a file that the platform replaces atomically or overwrites.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Redacted from "effect/Redacted"

import { CredentialUnavailable } from "../../OAuthError.js"
import { tagOf } from "../protocol/foreignError.js"
import * as identityToken from "../protocol/identityToken.js"

/** Maximum size of a file in bytes. Identity tokens are short; a larger file is not a token file. */
const maxBytes = 65_536

/** Number of reads and the pause between them in milliseconds, within which a file that is being written is complete again. */
const [readings, pause] = [6, 200]

/** Part of `node:fs/promises` that is used. */
export interface Files {
  readonly stat: (path: string) => Promise<{ readonly size: number; readonly isFile: () => boolean }>
  readonly readFile: (path: string, encoding: "utf8") => Promise<string>
}

const unavailable = (problem: string) => new CredentialUnavailable({ credential: "identity token", problem })

const content = (files: Files, path: string): Effect.Effect<string, CredentialUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      // A FIFO or a device could block the reader, so check the type first.
      const { isFile, size } = await files.stat(path).then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
      return isFile && size <= maxBytes ? await files.readFile(path, "utf8") : undefined
    },
    catch: (error) => unavailable(`its file cannot be read (${tagOf(error)})`)
  }).pipe(
    Effect.filterOrFail(
      (text) => text !== undefined,
      () => unavailable("its file is not a regular file with one token")
    ),
    Effect.map((text) => text.trim())
  )

/**
 * Reads the token in a file. While the file is missing, empty or incomplete, it is read again. After that, the token that was
 * read last is used until it expires.
 */
export const make = (files: Files, path: string): Effect.Effect<Redacted.Redacted<string>, CredentialUnavailable> => {
  const last = MutableRef.make<{ readonly token: string; readonly expiresAt: number | undefined } | undefined>(
    undefined
  )

  const whole = Effect.flatMap(content(files, path), (token) => {
    const claims = identityToken.claims(token)
    if (claims === undefined) return unavailable(token === "" ? "its file is empty" : "its file contains no JWT")
    MutableRef.set(last, { token, expiresAt: claims.expiresAt })
    return Effect.succeed(token)
  })

  const earlier = (error: CredentialUnavailable): Effect.Effect<string, CredentialUnavailable> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const known = MutableRef.get(last)
      return known !== undefined && (known.expiresAt ?? 0) > now
        ? Effect.as(Effect.logWarning(`${error.message} Using the token that was read before.`), known.token)
        : error
    })

  const from = (left: number): Effect.Effect<string, CredentialUnavailable> =>
    Effect.catchAll(whole, (error) => left > 1 ? Effect.delay(from(left - 1), pause) : earlier(error))

  return Effect.map(from(readings), (token) => Redacted.make(token))
}
