/**
 * Creates, inspects and rebuilds errors of the platform's HTTP client.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

export type HttpError = HttpClientError.HttpClientError

export type RequestError = HttpClientError.RequestError

export type ResponseError = HttpClientError.ResponseError

/** Fields of an error other than its request and its response. */
interface Details {
  readonly cause?: unknown
  readonly description?: string | undefined
}

const given = ({ cause, description }: Details) => ({
  ...(cause === undefined ? {} : { cause }),
  ...(description === undefined ? {} : { description })
})

/** Returns the error of a request that was not sent or got no response. */
export const ofRequest = (
  request: Request,
  reason: "Encode" | "InvalidUrl" | "Transport",
  details: Details
): RequestError => new HttpClientError.RequestError({ request, reason, ...given(details) })

/** Returns the error of a response that is invalid or whose body cannot be read. */
export const ofResponse = (response: Response, reason: "Decode" | "StatusCode", details: Details): ResponseError =>
  new HttpClientError.ResponseError({ request: response.request, response, reason, ...given(details) })

export const isHttpError = (error: unknown): error is HttpError => HttpClientError.isHttpClientError(error)

export const isResponseError = (error: unknown): error is ResponseError =>
  isHttpError(error) && error._tag === "ResponseError"

/** Returns whether the error means that a response has no body. */
export const isEmptyBody = ({ reason }: ResponseError): boolean => reason === "EmptyBody"

/** Returns the response of an error from a status filter (`HttpClient.filterStatusOk`). */
export const filteredResponse = (error: unknown): Response | undefined =>
  isResponseError(error) && error.reason === "StatusCode" ? error.response : undefined

/** Returns the cause of a transport error; for any other error, the error itself. */
export const transportCause = (error: unknown): unknown =>
  isHttpError(error) && error._tag === "RequestError" ? error.cause : error

/** Returns an error about a response with a different form of that response. */
export const withResponse = (error: ResponseError, response: Response): ResponseError =>
  new HttpClientError.ResponseError({ request: response.request, response, reason: error.reason, ...given(error) })

/** Replaces the request and, if present, the response. Keeps only the details that may be shown. */
export const rebuild = (error: HttpError, parts: {
  readonly request: Request
  readonly response: (response: Response) => Response
  /** Returns the part of a detail that may be shown. */
  readonly shown: (detail: unknown) => unknown
}): HttpError => {
  const { request } = parts
  const { cause, description } = error
  const shown = given({
    cause: parts.shown(cause),
    description: parts.shown(description) === description ? description : undefined
  })
  return error._tag === "RequestError"
    ? new HttpClientError.RequestError({ request, reason: error.reason, ...shown })
    : new HttpClientError.ResponseError({
      request,
      response: parts.response(error.response),
      reason: error.reason,
      ...shown
    })
}
