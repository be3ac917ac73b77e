/**
 * The errors of the platform's HTTP client.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"

/** Returns the error of a request that did not arrive, or without a response. */
export const ofTransport = (
  request: HttpClientRequest.HttpClientRequest,
  cause: unknown
): HttpClientError.RequestError => new HttpClientError.RequestError({ request, reason: "Transport", cause })
