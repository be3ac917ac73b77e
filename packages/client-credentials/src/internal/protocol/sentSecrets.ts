/**
 * Secrets of a request that was sent, and redaction of values that may repeat them.
 */
import { codesOf } from "./foreignError.js"
import * as redaction from "./redaction.js"
import { isKnownCode } from "./rejection.js"

/** Secrets that a request carries, and its URL, which a response may contain. */
export interface SentRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** Returns id and secret of basic auth (RFC 7617 section 2), which an API may repeat separately. */
const basicParts = (credentials: string): ReadonlyArray<string> => {
  try {
    const text = new TextDecoder().decode(Uint8Array.from(atob(credentials), (one) => one.charCodeAt(0)))
    const colon = text.indexOf(":")
    return [text.slice(colon + 1), text.slice(0, Math.max(0, colon))]
  } catch {
    return []
  }
}

/** Returns the secrets in a request, longest first. A very short string is part of other words too, and not a secret. */
const secretsOf = ({ headers }: SentRequest): ReadonlyArray<string> => {
  const { authorization = "", dpop = "" } = headers
  const space = authorization.indexOf(" ")
  const credentials = authorization.slice(space + 1)
  const found = [credentials, dpop]
  if (/^basic /i.test(authorization)) found.push(...basicParts(credentials))
  return found.filter((one) => one.length >= 4).sort((one, other) => other.length - one.length)
}

/** Secrets of a request, which are never shown. Computed on demand: most calls need none, or only the plain spellings. */
export class SentSecrets {
  readonly #request: SentRequest
  #plain: ReadonlyArray<string> | undefined
  #spelled: ReadonlyArray<string> | undefined
  #thorough: redaction.Redaction | undefined

  constructor(request: SentRequest) {
    this.#request = request
  }

  #secrets(): ReadonlyArray<string> {
    return this.#plain ??= secretsOf(this.#request).filter((one) => one.length > 6)
  }

  #spellings(): ReadonlyArray<string> {
    return this.#spelled ??= [
      ...new Set(
        this.#secrets().flatMap((secret) => {
          const encoded = encodeURIComponent(secret)
          return [secret, encoded, encoded.replace(/%../g, (escape) => escape.toLowerCase())]
        })
      )
    ]
  }

  #holds(text: string): boolean {
    return (this.#thorough ??= redaction.make(secretsOf(this.#request), [this.#request.url])).holds(text)
  }

  /** Returns the string without the secrets, in plain and percent-encoded spelling only: this runs for every header. */
  without(text: string): string {
    // A string that is shorter than the shortest secret repeats none, since no spelling is shorter than its secret. Most
    // headers and attributes are.
    return text.length < (this.#secrets().at(-1)?.length ?? Infinity)
      ? text
      : this.#spellings().reduce((rest, secret) => rest.replaceAll(secret, redaction.placeholder), text)
  }

  /** Returns the string, or a placeholder when it repeats a secret in any spelling. Standard error codes are shown. */
  shown(text: string): string {
    return isKnownCode(text) || !this.#holds(text) ? text : redaction.placeholder
  }

  /** Returns whether a value of any kind repeats a secret, or cannot be searched for one, as sockets and requests. */
  isIn(value: unknown): boolean {
    return isWithin(value, (text) => this.#holds(text))
  }

  /** Returns the value if it repeats no secret; of other errors, one with their code alone, such as `ECONNRESET`. */
  shownOf(value: unknown): unknown {
    if (!this.isIn(value)) return value
    try {
      const [code] = codesOf(value)
      return code === undefined || this.#holds(code) ? undefined : Object.assign(new Error(code), { code })
    } catch {
      // A member of a foreign error may fail to be read.
      return undefined
    }
  }
}

/** Maximum number of parts that are searched: more than any error of a transport has. */
const maxParts = 10_000

/** Returns the members of a value that printing it would show; undefined if they cannot be enumerated. */
const partsOf = (value: object): ReadonlyArray<unknown> | undefined => {
  if (ArrayBuffer.isView(value)) {
    return [new TextDecoder("latin1").decode(value)]
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = Array.isArray(value) || prototype === null || prototype === Object.prototype
  if (!isPlain && !(value instanceof Error) && !(value instanceof Map) && !(value instanceof Set)) {
    return value instanceof URL ? [value.href] : undefined
  }
  const { toJSON } = value as { readonly toJSON?: unknown }
  const parts: Array<unknown> = Reflect.ownKeys(value).flatMap((key) => [String(key), Reflect.get(value, key)])
  if (value instanceof Map || value instanceof Set) parts.push(...[...value.entries()].flat())
  if (value instanceof Error) parts.push(String(value), value.message, value.stack)
  if (typeof toJSON === "function") parts.push(toJSON.call(value))
  return parts
}

/** Returns true if a string in a value, at any depth, contains a secret, or if that cannot be determined. */
const isWithin = (value: unknown, holds: (text: string) => boolean): boolean => {
  const found = [value]
  const seen = new Set<unknown>()
  try {
    for (const part of found) {
      if (typeof part === "string" && holds(part)) return true
      if (
        typeof part === "function" &&
        Reflect.ownKeys(part).some((key) => !/^(length|name|prototype)$/.test(String(key)))
      ) {
        return true
      }
      if (typeof part !== "object" || part === null || seen.has(part)) continue
      seen.add(part)
      const parts = partsOf(part)
      if (parts === undefined || found.length + parts.length > maxParts) return true
      found.push(...parts)
    }
    return false
  } catch {
    return true
  }
}
