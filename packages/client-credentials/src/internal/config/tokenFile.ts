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
  readonly stat: (
    path: string
  ) => Promise<{ readonly size: number; readonly mtimeMs: number; readonly isFile: () => boolean }>
  readonly readFile: (path: string, encoding: "utf8") => Promise<string>
}

const unavailable = (problem: string) => new CredentialUnavailable({ credential: "identity token", problem })

interface Content {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly writtenAt: number
}

const content = (files: Files, path: string): Effect.Effect<Content, CredentialUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      // A FIFO or a device could block the reader, so check the type first.
      const before = await files.stat(path)
      if (!before.isFile() || before.size > maxBytes) return undefined
      const token = (await files.readFile(path, "utf8")).trim()
      const { mtimeMs } = await files.stat(path).catch(() => before)
      return { token, writtenAt: mtimeMs }
    },
    catch: (error) => unavailable(`its file cannot be read (${tagOf(error)})`)
  }).pipe(
    Effect.filterOrFail(
      (found) => found !== undefined,
      () => unavailable("its file is not a regular file with one token")
    )
  )

/** A file may still be incomplete for this long after it was written, in milliseconds. */
const settling = 1000

/**
 * Reads the token in a file. While the file is missing, empty or incomplete, it is read again. After that, the token that was
 * read last is used until it expires. A JWT that ends within its signature looks complete, so a new token in a file that was
 * just written is used when two reads return it.
 */
export const make = (files: Files, path: string): Effect.Effect<Redacted.Redacted<string>, CredentialUnavailable> => {
  const last = MutableRef.make<{ readonly token: string; readonly expiresAt: number | undefined } | undefined>(
    undefined
  )

  const earlier = (error: CredentialUnavailable): Effect.Effect<string, CredentialUnavailable> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const known = MutableRef.get(last)
      return known !== undefined && (known.expiresAt ?? 0) > now
        ? Effect.as(
          Effect.logWarning(
            `${error.message} Using the token that was read before${
              known.expiresAt === undefined ? "" : `, which expires at ${new Date(known.expiresAt).toISOString()}`
            }. The next token request reads the file again.`
          ),
          known.token
        )
        : error
    })

  const read = (left: number, seen?: string): Effect.Effect<string, CredentialUnavailable> => {
    const again = (token?: string) => Effect.delay(read(left - 1, token), pause)
    return Effect.matchEffect(content(files, path), {
      onFailure: (error) => left > 1 ? again() : earlier(error),
      onSuccess: ({ token, writtenAt }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const claims = identityToken.claims(token)
          if (claims === undefined) {
            return left > 1
              ? again()
              : earlier(unavailable(token === "" ? "its file is empty" : "its file contains no JWT"))
          }
          const isKnown = token === seen || token === MutableRef.get(last)?.token
          if (!isKnown && left > 1 && now >= writtenAt && now - writtenAt < settling) return again(token)
          MutableRef.set(last, { token, expiresAt: claims.expiresAt })
          return Effect.succeed(token)
        })
    })
  }

  return Effect.map(read(readings), (token) => Redacted.make(token))
}
