/**
 * Keeps the token out of everything that a caller gets back: the transport's request carries it in a header, and so do
 * the errors and responses that refer to that request. The caller gets the request as the caller wrote it.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

const proofsOf = ({ headers }: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> =>
  [headers["authorization"]?.replace(/^\S+ /, "") ?? "", headers["dpop"] ?? ""].filter((one) => one !== "")

/** What an API says, without what it was sent. What is very short is part of other words too, and no secret. */
export const conceal = (text: string, sent: HttpClientRequest.HttpClientRequest): string =>
  proofsOf(sent).filter((secret) => secret.length > 6).reduce(
    (rest, secret) => rest.replaceAll(secret, "<redacted>"),
    text
  )

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
const shows = (value: unknown, secrets: ReadonlyArray<string>): boolean => {
  const found = [value]
  const seen = new Set<unknown>()
  try {
    for (const part of found) {
      if (typeof part === "string" && secrets.some((secret) => part.includes(secret))) return true
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
  sent: HttpClientRequest.HttpClientRequest
): HttpClientError.HttpClientError => {
  const secrets = proofsOf(sent)
  const { cause, description, ...rest } = error
  const shown = {
    ...(shows(description, secrets) ? {} : { description }),
    ...(shows(cause, secrets) ? {} : { cause })
  }
  return error._tag === "RequestError"
    ? new HttpClientError.RequestError({ ...rest, reason: error.reason, ...shown, request })
    : new HttpClientError.ResponseError({
      ...rest,
      reason: error.reason,
      ...shown,
      request,
      response: new ApiResponse(request, error.response)
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

const withoutToken = <A>(body: Effect.Effect<A, HttpClientError.ResponseError>, response: ApiResponse) =>
  Effect.mapError(body, (error) => responseError(error, response))

export class ApiResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly #original: HttpClientResponse.HttpClientResponse

  constructor(
    readonly request: HttpClientRequest.HttpClientRequest,
    original: HttpClientResponse.HttpClientResponse
  ) {
    super()
    this.#original = original
  }

  get status() {
    return this.#original.status
  }
  get headers() {
    return this.#original.headers
  }
  get cookies() {
    return this.#original.cookies
  }
  get remoteAddress() {
    return this.#original.remoteAddress
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
