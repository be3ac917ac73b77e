/**
 * Creates, inspects and rebuilds errors of the platform's HTTP client.
 */
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

export type HttpError = HttpClientError.HttpClientError

export type RequestError = HttpClientError.HttpClientError

export type ResponseError = HttpClientError.HttpClientError

/** Fields of an error other than its request and its response. */
interface Details {
  readonly cause?: unknown
  readonly description?: string | undefined
}

const given = ({ cause, description }: Details) => ({
  ...(cause === undefined ? {} : { cause }),
  ...(description === undefined ? {} : { description })
})

const ofReason = (reason: HttpClientError.HttpClientErrorReason): HttpError =>
  new HttpClientError.HttpClientError({ reason })

const requestReasons = {
  Encode: HttpClientError.EncodeError,
  InvalidUrl: HttpClientError.InvalidUrlError,
  Transport: HttpClientError.TransportError
}

const responseReasons = {
  Decode: HttpClientError.DecodeError,
  EmptyBody: HttpClientError.EmptyBodyError,
  StatusCode: HttpClientError.StatusCodeError
}

const rebuilt = (
  reason: HttpClientError.HttpClientErrorReason,
  parts: { readonly request: Request; readonly response: (response: Response) => Response; readonly details: Details }
): HttpError => {
  const { details, request } = parts
  switch (reason._tag) {
    case "TransportError":
      return ofRequest(request, "Transport", details)
    case "EncodeError":
      return ofRequest(request, "Encode", details)
    case "InvalidUrlError":
      return ofRequest(request, "InvalidUrl", details)
    case "StatusCodeError":
      return made(request, parts.response(reason.response), "StatusCode", details)
    case "DecodeError":
      return made(request, parts.response(reason.response), "Decode", details)
    case "EmptyBodyError":
      return made(request, parts.response(reason.response), "EmptyBody", details)
  }
}

const made = (request: Request, response: Response, reason: keyof typeof responseReasons, details: Details) =>
  ofReason(new responseReasons[reason]({ request, response, ...given(details) }))

/** Returns the error of a request that was not sent or got no response. */
export const ofRequest = (request: Request, reason: keyof typeof requestReasons, details: Details): RequestError =>
  ofReason(new requestReasons[reason]({ request, ...given(details) }))

/** Returns the error of a response that is invalid or whose body cannot be read. */
export const ofResponse = (response: Response, reason: "Decode" | "StatusCode", details: Details): ResponseError =>
  made(response.request, response, reason, details)

export const isHttpError = (error: unknown): error is HttpError => HttpClientError.isHttpClientError(error)

export const isResponseError = (error: unknown): error is ResponseError =>
  isHttpError(error) && error.response !== undefined

/** Returns whether the error means that a response has no body. */
export const isEmptyBody = ({ reason }: ResponseError): boolean => reason._tag === "EmptyBodyError"

/** Returns the response of an error from a status filter (`HttpClient.filterStatusOk`). */
export const filteredResponse = (error: unknown): Response | undefined =>
  isHttpError(error) && error.reason._tag === "StatusCodeError" ? error.reason.response : undefined

/** Returns the cause of a transport error; for any other error, the error itself. */
export const transportCause = (error: unknown): unknown =>
  isHttpError(error) && error.response === undefined ? error.reason.cause : error

/** Returns an error about a response with a different form of that response. */
export const withResponse = ({ reason }: ResponseError, response: Response): ResponseError =>
  rebuilt(reason, { request: response.request, response: () => response, details: reason })

/** Replaces the request and, if present, the response. Keeps only the details that may be shown. */
export const rebuild = (error: HttpError, parts: {
  readonly request: Request
  readonly response: (response: Response) => Response
  /** Returns the part of a detail that may be shown. */
  readonly shown: (detail: unknown) => unknown
}): HttpError => {
  const { request } = parts
  const { cause, description } = error.reason
  return rebuilt(error.reason, {
    request,
    response: parts.response,
    details: {
      cause: parts.shown(cause),
      description: parts.shown(description) === description ? description : undefined
    }
  })
}
