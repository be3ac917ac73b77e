/**
 * Responses and errors of a call as the caller may see them: they contain the request as the caller wrote it, and the
 * authorization is removed where a response repeats it.
 */
import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import { names as redactedNames } from "../protocol/redactedHeaders.js"
import { type SentRequest, SentSecrets } from "../protocol/sentSecrets.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as responses from "../seam/responses.js"
import type * as tracing from "../seam/tracing.js"
import * as contentCoding from "./contentCoding.js"
import * as transportResponse from "./transportResponse.js"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

/** Returns the headers without values that repeat a secret; the identical headers if there are none. */
const redactedHeaders = (headers: Headers.Headers, view: tracing.View): Headers.Headers => {
  const changed = Object.entries(headers).flatMap(([name, value]) => {
    const rest = view.text(value)
    return rest === value ? [] : [[name, rest] as const]
  })
  return changed.length === 0 ? headers : Headers.setAll(headers, changed)
}

const redactedCookies = (cookies: Cookies.Cookies, view: tracing.View): Cookies.Cookies => {
  const all = Object.values(cookies.cookies)
  return all.every(({ value }) => view.text(value) === value) ? cookies : Cookies.fromIterable(
    all.map(({ name, options, value }) => Cookies.unsafeMakeCookie(name, view.text(value), options))
  )
}

class ApiResponse extends responses.Derived {
  readonly #request: Request
  readonly #original: Response
  readonly #view: View
  #headers: Headers.Headers | undefined
  #cookies: Cookies.Cookies | undefined

  constructor(request: Request, original: Response, view: View) {
    super(original)
    this.#request = request
    this.#original = original
    this.#view = view
  }

  override get request() {
    return this.#request
  }
  override get headers() {
    return this.#headers ??= redactedHeaders(this.#original.headers, this.#view)
  }
  override get cookies() {
    return this.#cookies ??= redactedCookies(this.#original.cookies, this.#view)
  }
  /** Facts that only the original response has. */
  get facts() {
    return transportResponse.factsOf(this.#original)
  }
  /** True if the transport decoded the body, which only the original response shows. */
  get isDecoded() {
    return contentCoding.isDecoded(this.#original)
  }
  get json(): Response["json"] {
    return this.#read(this.#original.json)
  }
  get text(): Response["text"] {
    return this.#read(this.#original.text)
  }
  get urlParamsBody(): Response["urlParamsBody"] {
    return this.#read(this.#original.urlParamsBody)
  }
  get formData(): Response["formData"] {
    return this.#read(this.#original.formData)
  }
  get arrayBuffer(): Response["arrayBuffer"] {
    return this.#read(this.#original.arrayBuffer)
  }
  get stream(): Response["stream"] {
    return Stream.mapError(this.#original.stream, (error) => httpErrors.withResponse(error, this))
  }
  #read<A>(body: Effect.Effect<A, httpErrors.ResponseError>): Effect.Effect<A, httpErrors.ResponseError> {
    return Effect.catchAll(body, (error) => Effect.fail(httpErrors.withResponse(error, this)))
  }
  override toJSON(): unknown {
    return responses.inspect(this, ["authorization", "set-cookie", ...redactedNames])
  }
}

/**
 * Response without a body, for tracers: a body can be read once only, and a tracer that prints a response must not read it.
 * Most tracers never read the response, so the empty one is created on demand.
 */
class Bodiless extends responses.Derived {
  get #empty(): Response {
    return HttpClientResponse.fromWeb(this.request, new globalThis.Response())
  }
  get json(): Response["json"] {
    return this.#empty.json
  }
  get text(): Response["text"] {
    return this.#empty.text
  }
  get urlParamsBody(): Response["urlParamsBody"] {
    return this.#empty.urlParamsBody
  }
  get formData(): Response["formData"] {
    return this.#empty.formData
  }
  get arrayBuffer(): Response["arrayBuffer"] {
    return this.#empty.arrayBuffer
  }
  get stream(): Response["stream"] {
    return this.#empty.stream
  }
}

/** View of a call for the program and its tracers, in place of the request as it was sent. */
export class View implements tracing.View {
  readonly #request: Request
  readonly #sent: SentRequest
  #found: SentSecrets | undefined

  constructor(request: Request, sent: SentRequest) {
    this.#request = request
    this.#sent = sent
  }

  /** Secrets of the request, of which most calls need none. */
  get #secrets(): SentSecrets {
    return this.#found ??= new SentSecrets(this.#sent)
  }

  /** Returns the response for the program. */
  response(original: Response): Response {
    return new ApiResponse(this.#request, original, this)
  }
  /**
   * Returns the error of a transport. Errors of the platform do not repeat secrets; if an error does, its description is
   * removed, and its cause is reduced to a code. So are causes that are too large to be searched.
   */
  error(error: httpErrors.HttpError): httpErrors.HttpError {
    return httpErrors.rebuild(error, {
      request: this.#request,
      response: (response) => this.response(response),
      shown: (detail) => this.#secrets.shownOf(detail)
    })
  }
  /** Returns a string that was decoded from the response, or a placeholder if it repeats a secret. */
  decoded(text: string): string {
    return this.#secrets.shown(text)
  }
  value(value: unknown): unknown {
    return responses.isResponse(value)
      ? this.response(new Bodiless(value))
      : responses.isRequest(value)
      ? this.#request
      : value
  }
  failure<E>(failure: E): E {
    return httpErrors.isHttpError(failure) ? this.error(failure) as typeof failure : failure
  }
  text(text: string): string {
    return this.#secrets.without(text)
  }
}
