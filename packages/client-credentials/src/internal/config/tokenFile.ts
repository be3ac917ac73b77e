/**
 * Identity tokens in a file that the platform replaces: whole, by writing over it, or in between.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Redacted from "effect/Redacted"

import { CredentialUnavailable } from "../../OAuthError.js"
import { tagOf } from "../protocol/foreignError.js"
import * as identityToken from "../protocol/identityToken.js"

/** Identity tokens are short; a file beyond this is another one. In bytes. */
const maxBytes = 65_536

/** A file that is being written is whole again after this many readings, in milliseconds apart. */
const [readings, pause] = [6, 200]

/** The part of `node:fs/promises` that is used. */
export interface Files {
  readonly stat: (path: string) => Promise<{ readonly size: number; readonly isFile: () => boolean }>
  readonly readFile: (path: string, encoding: "utf8") => Promise<string>
}

const unavailable = (problem: string) => new CredentialUnavailable({ credential: "identity token", problem })

const content = (files: Files, path: string): Effect.Effect<string, CredentialUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      // A FIFO or a device could block the reader, so what it is comes first.
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
 * Reads the token in a file. While the file is away, empty or half-written, it is read again; then the token that was read
 * last is used, as long as it has not expired.
 */
export const make = (files: Files, path: string): Effect.Effect<Redacted.Redacted<string>, CredentialUnavailable> => {
  const last = MutableRef.make<{ readonly token: string; readonly expiresAt: number | undefined } | undefined>(
    undefined
  )

  const whole = Effect.flatMap(content(files, path), (token) => {
    const claims = identityToken.claims(token)
    if (claims === undefined) return unavailable(token === "" ? "its file is empty" : "its file holds no JWT")
    MutableRef.set(last, { token, expiresAt: claims.expiresAt })
    return Effect.succeed(token)
  })

  const earlier = (error: CredentialUnavailable): Effect.Effect<string, CredentialUnavailable> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const known = MutableRef.get(last)
      return known !== undefined && (known.expiresAt ?? 0) > now
        ? Effect.as(Effect.logWarning(`${error.message} The one read before is used.`), known.token)
        : error
    })

  const from = (left: number): Effect.Effect<string, CredentialUnavailable> =>
    Effect.catchAll(whole, (error) => left > 1 ? Effect.delay(from(left - 1), pause) : earlier(error))

  return Effect.map(from(readings), (token) => Redacted.make(token))
}
