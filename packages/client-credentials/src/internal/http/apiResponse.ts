/**
 * Keeps the token out of everything that a caller gets back: the transport's request carries it in a header, and so do
 * the errors and responses that refer to that request. The caller gets the request as the caller wrote it.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

import * as Challenge from "../../Challenge.js"
import * as redaction from "../protocol/redaction.js"
import { isKnownCode } from "../protocol/rejection.js"
import * as contentCoding from "./contentCoding.js"
import type * as tracing from "./tracing.js"

/** Id and secret of basic auth (RFC 7617 section 2), which an API may repeat by themselves. */
const basicParts = (credentials: string): ReadonlyArray<string> => {
  try {
    const text = new TextDecoder().decode(Uint8Array.from(atob(credentials), (one) => one.charCodeAt(0)))
    const colon = text.indexOf(":")
    return colon < 0 ? [text] : [text.slice(colon + 1), text.slice(0, colon)]
  } catch {
    return []
  }
}

/** The secrets in a request, the longest first. What is very short is part of other words too, and no secret. */
const secretsOf = ({ headers }: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  const { authorization = "", dpop = "" } = headers
  const space = authorization.indexOf(" ")
  const credentials = authorization.slice(space + 1)
  const basic = /^basic$/i.test(authorization.slice(0, Math.max(0, space))) ? basicParts(credentials) : []
  return [credentials, dpop, ...basic].filter((one) => one.length >= 4).sort((one, other) => other.length - one.length)
}

/** What was sent to authorize a call, and how whatever repeats it may be shown. */
export interface Sent {
  /** Whether a text repeats a secret, or a part of one, in any spelling. */
  readonly holds: (text: string) => boolean
  /** The text without the secrets, each looked for as it is and percent-encoded only: this is done for every header. */
  readonly without: (text: string) => string
  /** The text, or a placeholder when it repeats a secret in any spelling. Error codes of the standards are shown. */
  readonly shown: (text: string) => string
  /** The challenges of a response. What repeats a secret in them is left out. */
  readonly challenges: (response: HttpClientResponse.HttpClientResponse) => ReadonlyArray<Challenge.Challenge>
}

export const sent = (request: HttpClientRequest.HttpClientRequest): Sent => {
  // Most calls need none of this, or only the plain spellings.
  let plain: ReadonlyArray<string> | undefined
  let thorough: redaction.Redaction | undefined
  const spellings = () => {
    if (plain !== undefined) return plain
    const secrets = secretsOf(request).filter((one) => one.length > 6)
    return plain = [
      ...new Set(secrets.flatMap((secret) => {
        const encoded = encodeURIComponent(secret)
        return [secret, encoded, encoded.replace(/%../g, (escape) => escape.toLowerCase())]
      }))
    ]
  }
  const holds = (text: string) => (thorough ??= redaction.make(secretsOf(request), [request.url])).holds(text)
  const without = (text: string) =>
    text.length <= 6
      ? text
      : spellings().reduce(
        (rest, secret) => rest.includes(secret) ? rest.replaceAll(secret, redaction.placeholder) : rest,
        text
      )
  const shown = (text: string) => isKnownCode(text) || !holds(text) ? text : redaction.placeholder
  return {
    holds,
    without,
    shown,
    challenges: ({ headers }) =>
      Challenge.parse(headers["www-authenticate"] ?? "").map(({ parameters, scheme, token68 }) => ({
        scheme: shown(scheme),
        parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [shown(name), shown(value)])),
        token68: token68 === undefined ? undefined : shown(token68)
      }))
  }
}

/** More than any error of a transport has, and little enough to be looked through. */
const maxParts = 10_000

/** What hangs from it, as whoever prints it would find it; undefined when that cannot be told. */
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
  return [
    ...(value instanceof Map || value instanceof Set ? [...value.entries()].flat() : []),
    ...(value instanceof Error ? [String(value), value.message, value.stack] : []),
    ...(typeof toJSON === "function" ? [toJSON.call(value)] : []),
    ...Reflect.ownKeys(value).flatMap((key) => [String(key), Reflect.get(value, key)])
  ]
}

/**
 * Whether a text in it, or in what hangs from it, holds one of the secrets; also when that cannot be told, as of sockets
 * and of requests.
 */
const shows = (value: unknown, { holds }: Sent): boolean => {
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

/**
 * The error of a transport as the caller may see it. Those of the platform do not repeat what was sent; if one does, its
 * description and its cause are left out.
 */
export const requestError = (
  error: HttpClientError.HttpClientError,
  request: HttpClientRequest.HttpClientRequest,
  sent: Sent
): HttpClientError.HttpClientError => {
  const { cause, description, ...rest } = error
  const shown = {
    ...(shows(description, sent) ? {} : { description }),
    ...(shows(cause, sent) ? {} : { cause })
  }
  return error._tag === "RequestError"
    ? new HttpClientError.RequestError({ ...rest, reason: error.reason, ...shown, request })
    : new HttpClientError.ResponseError({
      ...rest,
      reason: error.reason,
      ...shown,
      request,
      response: new ApiResponse(request, error.response, sent)
    })
}

const responseError = (error: HttpClientError.ResponseError, response: ApiResponse): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({ ...error, request: response.request, response })

/**
 * What traces and prints show the names of only. The platform knows of `authorization`, not of proofs, nor that an API may
 * repeat a token where it says what is wrong with it.
 */
const ownNames = ["dpop", "www-authenticate"]

const isRedacting = (names: ReadonlyArray<string | RegExp>): boolean => ownNames.every((name) => names.includes(name))

/** For a whole program: from here on, until the scope ends. */
export const redactScoped: Effect.Effect<void, never, Scope.Scope> = Effect.locallyScopedWith(
  Headers.currentRedactedNames,
  (names) => [...names, ...ownNames]
)

/** For a call, which may be made where that does not hold. */
export const redact = <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiberRuntime((fiber) => {
    const names = fiber.getFiberRef(Headers.currentRedactedNames)
    return isRedacting(names) ? call : Effect.locally(call, Headers.currentRedactedNames, [...names, ...ownNames])
  })

/** The body of a response is read once; a tracer that prints what it is given must not be the one who reads it. */
const withoutBody = (
  { cookies, headers, remoteAddress, request, status }: HttpClientResponse.HttpClientResponse
): HttpClientResponse.HttpClientResponse => {
  const empty: HttpClientResponse.HttpClientResponse = HttpClientResponse.fromWeb(request, new Response())
  return Object.defineProperties(empty, {
    status: { value: status },
    headers: { value: headers },
    cookies: { value: cookies },
    remoteAddress: { value: remoteAddress }
  })
}

/** What tracers get of a call, in place of the request as it was sent. */
export const view = (request: HttpClientRequest.HttpClientRequest, sent: Sent): tracing.View => ({
  request: () => request,
  response: (response) => new ApiResponse(request, withoutBody(response), sent),
  error: (error) => requestError(error, request, sent),
  text: sent.without
})

const withoutToken = <A>(body: Effect.Effect<A, HttpClientError.ResponseError>, response: ApiResponse) =>
  Effect.mapError(body, (error) => responseError(error, response))

const withoutSecrets = (headers: Headers.Headers, { without }: Sent): Headers.Headers => {
  const changed = Object.entries(headers).flatMap(([name, value]) => {
    const rest = without(value)
    return rest === value ? [] : [[name, rest] as const]
  })
  return changed.length === 0 ? headers : Headers.setAll(headers, changed)
}

const withoutSecretsIn = (cookies: Cookies.Cookies, { without }: Sent): Cookies.Cookies => {
  const all = Object.values(cookies.cookies)
  return all.every(({ value }) => without(value) === value) ? cookies : Cookies.fromIterable(
    all.map(({ name, options, value }) => Cookies.unsafeMakeCookie(name, without(value), options))
  )
}

export class ApiResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly #original: HttpClientResponse.HttpClientResponse
  readonly #sent: Sent
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    original: HttpClientResponse.HttpClientResponse,
    sent: Sent
  ) {
    super()
    this.#original = original
    this.#sent = sent
  }

  get status() {
    return this.#original.status
  }
  /** As they came, except that what was sent to authorize the call is left out where a header repeats it. */
  get headers() {
    return this.#headers ??= withoutSecrets(this.#original.headers, this.#sent)
  }
  get cookies() {
    return this.#cookies ??= withoutSecretsIn(this.#original.cookies, this.#sent)
  }
  get remoteAddress() {
    return this.#original.remoteAddress
  }
  /** Whether the transport decoded the body, which only the original shows. */
  get isDecoded() {
    return contentCoding.isDecoded(this.#original)
  }
  get json() {
    return withoutToken(this.#original.json, this)
  }
  get text() {
    return withoutToken(this.#original.text, this)
  }
  get urlParamsBody() {
    return withoutToken(this.#original.urlParamsBody, this)
  }
  get formData() {
    return withoutToken(this.#original.formData, this)
  }
  get arrayBuffer() {
    return withoutToken(this.#original.arrayBuffer, this)
  }
  get stream() {
    return Stream.mapError(this.#original.stream, (error) => responseError(error, this))
  }
  toJSON(): unknown {
    return {
      ...HttpIncomingMessage.inspect(this, {
        _id: "@effect/platform/HttpClientResponse",
        request: this.request.toJSON(),
        status: this.status
      }),
      headers: Headers.redact(this.headers, ["authorization", "set-cookie", ...ownNames])
    }
  }
}
