/**
 * One request and its whole answer, within limits of time and size, without redirects and without a trace.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"

import { TokenEndpointUnavailable } from "../OAuthError.js"
import * as body from "./body.js"
import * as fetchRedirects from "./fetchRedirects.js"
import * as transportFailure from "./transportFailure.js"
import { shown } from "./urls.js"
import { verifiesCertificates } from "./verification.js"

export interface Limits {
  readonly timeout: Duration.Duration
  readonly maxResponseBytes: number
}

export interface Received {
  readonly endpoint: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Undefined when there was more of it than allowed. */
  readonly body: string | undefined
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

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

export const send = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  { maxResponseBytes, timeout }: Limits
): Effect.Effect<Received, TokenEndpointUnavailable> => {
  const endpoint = shown(request.url)
  if (request.url.startsWith("https:") && !verifiesCertificates()) {
    const detail = "NODE_TLS_REJECT_UNAUTHORIZED=0"
    return new TokenEndpointUnavailable({ endpoint, reason: "certificate", detail })
  }
  return Effect.gen(function*() {
    const requestedAt = yield* Clock.currentTimeMillis
    const response = yield* fetchRedirects.execute(HttpClient.withTracerDisabledWhen(client, constTrue), request)
    const { headers, status } = response
    yield* Effect.annotateCurrentSpan("http.response.status_code", status)
    if (status >= 400) yield* Effect.annotateCurrentSpan("error.type", String(status))
    const text = yield* body.textWithin(response, maxResponseBytes)
    const receivedAt = yield* Clock.currentTimeMillis
    return { endpoint, status, headers, body: Option.getOrUndefined(text), requestedAt, receivedAt }
  }).pipe(
    Effect.mapError(({ cause }) => new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(cause) })),
    Effect.timeoutFail({
      duration: timeout,
      onTimeout: () => new TokenEndpointUnavailable({ endpoint, reason: "timeout", detail: Duration.format(timeout) })
    }),
    Effect.tapError(({ detail, reason }) =>
      Effect.annotateCurrentSpan("error.type", reason === "timeout" ? reason : detail)
    ),
    Effect.withSpan(`http.client ${request.method}`, traced(request))
  )
}
