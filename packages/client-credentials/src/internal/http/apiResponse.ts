/**
 * Responses and errors of a call as the caller may see them: the request in them is the one that the caller wrote, and
 * what the call was authorized with is left out where a response repeats it.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import type * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"

import type { SentSecrets } from "../protocol/sentSecrets.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as tracing from "../seam/tracing.js"
import * as contentCoding from "./contentCoding.js"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

/** Returns the headers without what repeats a secret; those same headers when there is nothing of the kind. */
const redactedHeaders = (headers: Headers.Headers, { without }: SentSecrets): Headers.Headers => {
  const changed = Object.entries(headers).flatMap(([name, value]) => {
    const rest = without(value)
    return rest === value ? [] : [[name, rest] as const]
  })
  return changed.length === 0 ? headers : Headers.setAll(headers, changed)
}

const redactedCookies = (cookies: Cookies.Cookies, { without }: SentSecrets): Cookies.Cookies => {
  const all = Object.values(cookies.cookies)
  return all.every(({ value }) => without(value) === value) ? cookies : Cookies.fromIterable(
    all.map(({ name, options, value }) => Cookies.unsafeMakeCookie(name, without(value), options))
  )
}

export class ApiResponse extends Inspectable.Class implements Response {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly #original: Response
  readonly #secrets: SentSecrets
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined

  constructor(readonly request: Request, original: Response, secrets: SentSecrets) {
    super()
    this.#original = original
    this.#secrets = secrets
  }

  get status() {
    return this.#original.status
  }
  get headers() {
    return this.#headers ??= redactedHeaders(this.#original.headers, this.#secrets)
  }
  get cookies() {
    return this.#cookies ??= redactedCookies(this.#original.cookies, this.#secrets)
  }
  get remoteAddress() {
    return this.#original.remoteAddress
  }
  /** Whether the transport decoded the body, which only the original shows. */
  get isDecoded() {
    return contentCoding.isDecoded(this.#original)
  }
  get json(): Effect.Effect<unknown, httpErrors.ResponseError> {
    return this.#read(this.#original.json)
  }
  get text(): Effect.Effect<string, httpErrors.ResponseError> {
    return this.#read(this.#original.text)
  }
  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, httpErrors.ResponseError> {
    return this.#read(this.#original.urlParamsBody)
  }
  get formData(): Effect.Effect<FormData, httpErrors.ResponseError> {
    return this.#read(this.#original.formData)
  }
  get arrayBuffer(): Effect.Effect<ArrayBuffer, httpErrors.ResponseError> {
    return this.#read(this.#original.arrayBuffer)
  }
  get stream(): Stream.Stream<Uint8Array, httpErrors.ResponseError> {
    return Stream.mapError(this.#original.stream, (error) => httpErrors.withResponse(error, this))
  }
  #read<A>(body: Effect.Effect<A, httpErrors.ResponseError>): Effect.Effect<A, httpErrors.ResponseError> {
    return Effect.mapError(body, (error) => httpErrors.withResponse(error, this))
  }
  toJSON(): unknown {
    return {
      ...HttpIncomingMessage.inspect(this, {
        _id: "@effect/platform/HttpClientResponse",
        request: this.request.toJSON(),
        status: this.status
      }),
      headers: Headers.redact(this.headers, ["authorization", "set-cookie", ...tracing.redactedNames])
    }
  }
}

/**
 * Returns the error of a transport as the caller may see it. The platform's own errors do not repeat what was sent; when
 * an error does, its description and its cause are left out.
 */
export const redactedError = (
  error: httpErrors.HttpError,
  request: Request,
  secrets: SentSecrets
): httpErrors.HttpError =>
  httpErrors.rebuild(error, {
    request,
    response: (response) => new ApiResponse(request, response, secrets),
    isShown: (detail) => !secrets.isIn(detail)
  })

/** A body can be read once only: a tracer that prints a response must not be the one that reads it. */
const withoutBody = ({ cookies, headers, remoteAddress, request, status }: Response): Response =>
  Object.defineProperties(HttpClientResponse.fromWeb(request, new globalThis.Response()), {
    status: { value: status },
    headers: { value: headers },
    cookies: { value: cookies },
    remoteAddress: { value: remoteAddress }
  })

const isResponse = (value: unknown): value is Response => Predicate.hasProperty(value, HttpClientResponse.TypeId)

const isRequest = (value: unknown): value is Request => Predicate.hasProperty(value, HttpClientRequest.TypeId)

/** What tracers get of a call, in place of the request as it was sent. */
export const view = (request: Request, secrets: SentSecrets): tracing.View => ({
  value: (value) =>
    isResponse(value)
      ? new ApiResponse(request, withoutBody(value), secrets)
      : isRequest(value)
      ? request
      : value,
  failure: (failure) =>
    httpErrors.isHttpError(failure) ? redactedError(failure, request, secrets) as typeof failure : failure,
  text: secrets.without
})
