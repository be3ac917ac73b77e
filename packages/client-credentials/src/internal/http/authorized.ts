/**
 * Authorized request that shows neither its headers nor its proof when it is printed: the platform redacts headers only in
 * its own fibers.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"

export class Authorized<out Credential, out Proof = never> {
  readonly #request: HttpClientRequest.HttpClientRequest

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    /** Redacted, as a token or a secret is. */
    readonly credential: Credential,
    readonly proof?: Proof
  ) {
    this.#request = request
  }

  get request() {
    return this.#request
  }
}
