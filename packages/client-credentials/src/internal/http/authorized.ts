/**
 * An authorized request that shows neither its headers nor its proof where it is printed: the platform redacts headers in
 * its own fibers only.
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
