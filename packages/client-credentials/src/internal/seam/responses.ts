/**
 * Recognizes and derives responses of the platform's HTTP client.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Inspectable from "effect/Inspectable"
import * as Predicate from "effect/Predicate"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

export const isResponse = (value: unknown): value is Response => Predicate.hasProperty(value, HttpClientResponse.TypeId)

export const isRequest = (value: unknown): value is Request => Predicate.hasProperty(value, HttpClientRequest.TypeId)

/** Response derived from another one. A subclass replaces parts of it. */
export abstract class Derived extends Inspectable.Class implements Response {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
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
  toJSON(): unknown {
    return this.#original.toJSON()
  }
}

/** Returns the printed form of a response, which contains only the names of the redacted headers. */
export const inspect = (response: Response, redacted: ReadonlyArray<string>): unknown => ({
  ...HttpIncomingMessage.inspect(response, {
    _id: "@effect/platform/HttpClientResponse",
    request: response.request.toJSON(),
    status: response.status
  }),
  headers: Headers.redact(response.headers, redacted)
})
