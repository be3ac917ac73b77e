/**
 * Recognizes and derives responses of the platform's HTTP client.
 */
import * as Headers from "effect/http/Headers"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Inspectable from "effect/Inspectable"
import * as Pipeable from "effect/Pipeable"
import * as Predicate from "effect/Predicate"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

export const isResponse = (value: unknown): value is Response => Predicate.hasProperty(value, HttpClientResponse.TypeId)

export const isRequest = (value: unknown): value is Request => HttpClientRequest.isHttpClientRequest(value)

/** Response derived from another one. A subclass replaces parts of it. */
export abstract class Derived extends Inspectable.Class implements Response {
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly #original: Response

  constructor(original: Response) {
    super()
    this.#original = original
  }

  abstract readonly json: Response["json"]
  abstract readonly text: Response["text"]
  abstract readonly urlParamsBody: Response["urlParamsBody"]
  abstract readonly formData: Response["formData"]
  abstract readonly arrayBuffer: Response["arrayBuffer"]
  abstract readonly stream: Response["stream"]

  get request(): Request {
    return this.#original.request
  }
  get url(): string {
    return this.#original.url
  }
  get status(): number {
    return this.#original.status
  }
  get headers(): Headers.Headers {
    return this.#original.headers
  }
  get cookies(): Response["cookies"] {
    return this.#original.cookies
  }
  get remoteAddress(): Response["remoteAddress"] {
    return this.#original.remoteAddress
  }
  get upgrade(): Response["upgrade"] {
    return this.#original.upgrade
  }
  get pipe(): Response["pipe"] {
    return Pipeable.Prototype.pipe
  }
  toJSON(): unknown {
    return this.#original.toJSON()
  }
}

/** Returns the printed form of a response, which contains only the names of the redacted headers. */
export const inspect = (response: Response, redacted: ReadonlyArray<string>): unknown => ({
  ...HttpIncomingMessage.inspect(response, {
    _id: "HttpClientResponse",
    request: response.request.toJSON(),
    status: response.status
  }),
  headers: Headers.redact(response.headers, redacted)
})
