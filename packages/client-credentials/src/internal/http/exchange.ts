/**
 * One request and its whole response, within limits of time and size, without redirects and without a trace.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { TokenEndpointUnavailable } from "../../OAuthError.js"
import { shown } from "../protocol/urls.js"
import * as transport from "../seam/transport.js"
import * as apiResponse from "./apiResponse.js"
import * as body from "./body.js"
import { ContentCodingError } from "./contentCoding.js"
import * as gate from "./gate.js"
import * as tracing from "./tracing.js"
import * as transportFailure from "./transportFailure.js"
import { verifiesCertificates } from "./verification.js"
import { version } from "./version.js"

export interface Limits {
  readonly timeout: Duration.Duration
  readonly maxResponseBytes: number
}

export interface Received {
  readonly endpoint: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Undefined when it was not read to its end, or cannot be read. */
  readonly body: string | undefined
  /** Why there is no body, to follow "The token endpoint returned status 200, but ". */
  readonly unread?: string | undefined
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/**
 * The connection was closed before any byte of a response arrived, as when the server closes an idle connection at the
 * moment at which it is used again. The request may have been processed.
 */
export class ConnectionClosed extends Data.TaggedError("ConnectionClosed")<{
  readonly error: TokenEndpointUnavailable
}> {}

/** What OpenTelemetry calls a client span of HTTP. The path is all that is shown of the URL, and no header. */
const traced = (request: HttpClientRequest.HttpClientRequest) => {
  const { hostname, origin, pathname, port, protocol } = new URL(request.url)
  return {
    kind: "client",
    captureStackTrace: false,
    attributes: {
      "http.request.method": request.method,
      "server.address": hostname,
      "server.port": port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
      "url.full": origin + pathname
    }
  } as const
}

/**
 * The headers of the library's own requests. Without `Accept-Encoding` any coding is acceptable (RFC 9110 section
 * 12.5.3), and some firewalls refuse requests without `User-Agent`.
 */
const named = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.setHeaders(request, {
    "accept-encoding": "identity",
    "user-agent": `effect-oauth/${version}`,
    ...request.headers
  })

/** What came back of one send, or why nothing did. */
type Answer = HttpClientResponse.HttpClientResponse | TokenEndpointUnavailable | ConnectionClosed

/** Sends once; what stands on top of the transport neither repeats the request nor sends it elsewhere. */
const answer = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  endpoint: string
): Effect.Effect<Answer> => {
  const unavailable = (error: unknown): TokenEndpointUnavailable | ConnectionClosed => {
    const cause = error instanceof HttpClientError.RequestError ? error.cause : error
    const failure = new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(cause) })
    return transportFailure.isClosed(cause) ? new ConnectionClosed({ error: failure }) : failure
  }
  const other = (target: string) =>
    new TokenEndpointUnavailable({ endpoint, reason: "client", detail: target.slice(0, 300) })
  return Effect.suspend(() => {
    const { first, watch } = gate.once(request, false)
    return Effect.exit(transport.watched(client.execute(request), watch)).pipe(
      Effect.flatMap((exit): Effect.Effect<Answer> => {
        if (Exit.isSuccess(exit)) {
          const target = gate.elsewhere(exit.value, request)
          return Effect.succeed(target === undefined ? exit.value : other(target))
        }
        const result = first()
        const response = gate.responseOf(result)
        const refused = gate.refusalIn(exit.cause)
        if (refused !== undefined) {
          if (response !== undefined) return Effect.succeed(response)
          if (refused.reason === "elsewhere") return Effect.succeed(other(refused.target))
          return Effect.succeed(unavailable(
            result !== undefined && Exit.isFailure(result) ? Cause.squash(result.cause) : refused
          ))
        }
        const failure = Cause.failureOption(exit.cause)
        if (Option.isNone(failure)) return Effect.failCause(Cause.map(exit.cause, absurd))
        const error: unknown = failure.value
        // A filter of statuses beneath decides about the program's calls, not about what a response means.
        if (
          HttpClientError.isHttpClientError(error) && error._tag === "ResponseError" && error.reason === "StatusCode"
        ) {
          return Effect.succeed(response ?? error.response)
        }
        return Effect.succeed(unavailable(error))
      })
    )
  })
}

const absurd = (error: unknown): never => {
  throw error
}

/** Sends once, and says when the connection was closed before the response. */
export const sendOnce = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  { maxResponseBytes, timeout }: Limits
): Effect.Effect<Received, TokenEndpointUnavailable | ConnectionClosed> => {
  const endpoint = shown(request.url)
  if (request.url.startsWith("https:") && !verifiesCertificates()) {
    const detail = "NODE_TLS_REJECT_UNAUTHORIZED=0"
    return new TokenEndpointUnavailable({ endpoint, reason: "certificate", detail })
  }
  const view = apiResponse.view(HttpClientRequest.make(request.method)(endpoint), apiResponse.sent(request))
  return Effect.gen(function*() {
    const requestedAt = yield* Clock.currentTimeMillis
    const response = yield* answer(client, named(request), endpoint).pipe(
      Effect.mapErrorCause((cause) => tracing.viewedDefects(cause, view)),
      tracing.guard(view)
    )
    if (response instanceof TokenEndpointUnavailable || response instanceof ConnectionClosed) return yield* response
    const { headers, status } = response
    yield* Effect.annotateCurrentSpan("http.response.status_code", status)
    if (status >= 400) yield* Effect.annotateCurrentSpan("error.type", String(status))
    const content = yield* body.textWithin(response, maxResponseBytes).pipe(
      Effect.map(Option.match({
        onNone: () => ({
          body: undefined,
          unread: `with more than ${maxResponseBytes} bytes, so it was not read to its end`
        }),
        onSome: (text) => ({ body: text, unread: undefined })
      })),
      Effect.catchAll((error) =>
        error instanceof ContentCodingError && error.reason === "unknown"
          ? Effect.succeed({
            body: undefined,
            unread: `with the content coding "${error.coding}", which is not supported`
          })
          : new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(error.cause ?? error) })
      )
    )
    const receivedAt = yield* Clock.currentTimeMillis
    const received: Received = { endpoint, status, headers, ...content, requestedAt, receivedAt }
    // A tracer is given what the span ends with.
    return Redacted.make(received)
  }).pipe(
    Effect.timeoutFail({
      duration: timeout,
      onTimeout: () => new TokenEndpointUnavailable({ endpoint, reason: "timeout", detail: Duration.format(timeout) })
    }),
    Effect.tapError((failure) => {
      const { detail, reason } = failure._tag === "ConnectionClosed" ? failure.error : failure
      return Effect.annotateCurrentSpan("error.type", reason === "timeout" || reason === "client" ? reason : detail)
    }),
    Effect.withSpan(`http.client ${request.method}`, traced(request)),
    Effect.map(Redacted.value)
  )
}

export const send = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  limits: Limits
): Effect.Effect<Received, TokenEndpointUnavailable> =>
  Effect.catchTag(sendOnce(client, request, limits), "ConnectionClosed", ({ error }) => error)
