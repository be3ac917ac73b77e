/**
 * Keeps the token out of everything that a caller gets back: the transport's request carries it in a header, and so do
 * the errors and responses that refer to that request. The caller gets the request as the caller wrote it.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"

export const requestError = (
  error: HttpClientError.HttpClientError,
  request: HttpClientRequest.HttpClientRequest
): HttpClientError.HttpClientError =>
  error._tag === "RequestError"
    ? new HttpClientError.RequestError({ ...error, request })
    : responseError(error, new ApiResponse(request, error.response))

const responseError = (error: HttpClientError.ResponseError, response: ApiResponse): HttpClientError.ResponseError =>
  new HttpClientError.ResponseError({ ...error, request: response.request, response })

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

  readonly #conceal = <A>(body: Effect.Effect<A, HttpClientError.ResponseError>) =>
    Effect.mapError(body, (error) => responseError(error, this))

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
    return this.#conceal(this.#original.json)
  }
  get text() {
    return this.#conceal(this.#original.text)
  }
  get urlParamsBody() {
    return this.#conceal(this.#original.urlParamsBody)
  }
  get formData() {
    return this.#conceal(this.#original.formData)
  }
  get arrayBuffer() {
    return this.#conceal(this.#original.arrayBuffer)
  }
  get stream() {
    return Stream.mapError(this.#original.stream, (error) => responseError(error, this))
  }
  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}
