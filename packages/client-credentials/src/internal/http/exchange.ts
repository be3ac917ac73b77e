/**
 * Sends one request and reads its complete response, within limits of time and size, without redirects and without a trace.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
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
import { verifiesCertificates } from "../protocol/preconditions.js"
import { isRedirection } from "../protocol/status.js"
import * as transportFailure from "../protocol/transportFailure.js"
import { shown } from "../protocol/urls.js"
import { withFiber } from "../seam/fiber.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as tracing from "../seam/tracing.js"
import * as transport from "../seam/transport.js"
import * as apiResponse from "./apiResponse.js"
import * as body from "./body.js"
import * as contentCoding from "./contentCoding.js"
import * as redirected from "./redirected.js"
import { sourceOf } from "./transportResponse.js"
import { version } from "./version.js"

type Response = HttpClientResponse.HttpClientResponse

export interface Limits {
  /** Time limit in milliseconds. */
  readonly timeout: number
  readonly maxResponseBytes: number
}

export interface Received {
  readonly endpoint: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Body; undefined if it was not read completely, or cannot be read. */
  readonly body: string | undefined
  /** Reason for a missing body, to follow "The token endpoint returned status 200, but ". */
  readonly unread?: string | undefined
  /** Time of the request in milliseconds since the epoch. */
  readonly requestedAt: number
  /** Time of the response in milliseconds since the epoch. */
  readonly receivedAt: number
}

/**
 * Error of a connection that was closed before any byte of a response arrived, as when the server closes an idle connection at
 * the moment at which it is used again. The request may have been processed.
 */
export class ConnectionClosed extends Data.TaggedError("ConnectionClosed")<{
  readonly error: TokenEndpointUnavailable
}> {}

/** Creates an HTTP client span as in OpenTelemetry, with origin and path of the URL, and without headers. */
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
 * Adds the headers of the library's own requests. Without `Accept-Encoding`, any coding is acceptable (RFC 9110 section
 * 12.5.3), and some firewalls reject requests without `User-Agent`.
 */
const named = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.setHeaders(request, {
    "accept-encoding": "identity",
    "user-agent": `effect-oauth/${version}`,
    ...request.headers
  })

/** Returns the URL that the transport reports for a response: fetch does, and Undici if it follows redirects. */
const foundAt = (response: Response): string | undefined => {
  const source = sourceOf(response)
  if (typeof source !== "object" || source === null) return undefined
  if ("url" in source && typeof source.url === "string" && URL.canParse(source.url)) {
    return transport.shownUrl(new URL(source.url))
  }
  const context = "context" in source ? source.context : undefined
  const history = typeof context === "object" && context !== null && "history" in context ? context.history : undefined
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined
  return last instanceof URL ? transport.shownUrl(last) : undefined
}

/** Returns origin and path of the response if they differ from those of the request. */
const elsewhere = (
  response: Response,
  request: HttpClientRequest.HttpClientRequest
): string | undefined => {
  const expected = transport.shownUrl(transport.urlOf(request))
  return [transport.shownUrl(transport.urlOf(response.request)), foundAt(response)].filter((found) =>
    found !== undefined && found !== expected
  ).at(-1)
}

interface Once {
  readonly observer: transport.Observer
  /** Returns the result of the transport for the request that was sent. */
  readonly first: () => transport.Result | undefined
}

/**
 * Sends a request once, only to its own URL. Other requests that the program sends meanwhile are not affected.
 */
const once = (request: HttpClientRequest.HttpClientRequest): Once => {
  const expected = transport.shownUrl(transport.urlOf(request))
  // Transformations of a request keep what they do not change, by reference.
  const parts = new Set<unknown>()
  const note = ({ body, headers }: HttpClientRequest.HttpClientRequest) => {
    parts.add(headers)
    if (body._tag !== "Empty") parts.add(body)
  }
  note(request)
  const secrets = ["authorization", "dpop"].filter((name) => request.headers[name] !== undefined)
  // State of this one request, which only its own fiber changes, so not in a `Ref`.
  let hasEnded = false
  // A fiber that the program forked meanwhile, such as a queue of requests, may send similar requests later.
  const isOwn = (sent: HttpClientRequest.HttpClientRequest): boolean =>
    parts.has(sent.headers) || parts.has(sent.body) || (!hasEnded && (
      redirected.leadsTo(first, sent) ||
      secrets.some((name) => sent.headers[name] === request.headers[name]) ||
      (sent.method === request.method && transport.shownUrl(transport.urlOf(sent)) === expected)
    ))

  let sent: HttpClientRequest.HttpClientRequest | undefined
  let first: transport.Result | undefined
  return {
    observer: {
      isTraced: false,
      onSend: (next) => {
        if (!isOwn(next)) return "other"
        const target = transport.shownUrl(transport.urlOf(next))
        if (target !== expected) throw new transport.Rejected("elsewhere", target)
        if (sent !== undefined) throw new transport.Rejected("repeated", target)
        note(next)
        sent = next
        return "manual"
      },
      onResult: (of, result) => {
        if (of === sent) first ??= result
      },
      onEnd: () => {
        hasEnded = true
      }
    },
    first: () => first
  }
}

/** Result of one send. */
type Answer = Response | TokenEndpointUnavailable | ConnectionClosed

/** Sends once: an `HttpClient` above the transport can neither repeat nor divert the request. */
const answer = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  endpoint: string
): Effect.Effect<Answer> => {
  const unavailable = (error: unknown): TokenEndpointUnavailable | ConnectionClosed => {
    const cause = httpErrors.transportCause(error)
    const failure = new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(cause) })
    return transportFailure.isClosed(cause) ? new ConnectionClosed({ error: failure }) : failure
  }
  const other = (target: string) =>
    new TokenEndpointUnavailable({ endpoint, reason: "client", detail: target.slice(0, 300) })
  return Effect.suspend(() => {
    const { first, observer } = once(request)
    return Effect.exit(transport.observed(client.execute(request), observer)).pipe(
      Effect.flatMap((exit): Effect.Effect<Answer> => {
        if (Exit.isSuccess(exit)) {
          const target = elsewhere(exit.value, request)
          return Effect.succeed(target === undefined ? exit.value : other(target))
        }
        const result = first()
        const response = transport.responseOf(result)
        const rejected = transport.rejectionIn(exit.cause)
        if (rejected !== undefined) {
          if (response !== undefined) return Effect.succeed(response)
          if (rejected.reason === "elsewhere") return Effect.succeed(other(rejected.target))
          return Effect.succeed(unavailable(
            result !== undefined && Exit.isFailure(result) ? Cause.squash(result.cause) : rejected
          ))
        }
        const failure = Cause.failureOption(exit.cause)
        if (Option.isNone(failure)) return Effect.failCause(Cause.map(exit.cause, absurd))
        const error: unknown = failure.value
        // A status filter beneath applies to calls of the program, not to token responses.
        const filtered = httpErrors.filteredResponse(error)
        return Effect.succeed(filtered === undefined ? unavailable(error) : response ?? filtered)
      })
    )
  })
}

const absurd = (error: unknown): never => {
  throw error
}

type Content = Pick<Received, "body" | "unread">

/**
 * Reads the body within a limit; otherwise `unread` states the reason. The body of a redirect is not needed, and a client
 * beneath that started to follow the redirect may have discarded it.
 */
const readBody = (
  response: Response,
  endpoint: string,
  maxBytes: number
): Effect.Effect<Content, TokenEndpointUnavailable> =>
  body.textWithin(response, maxBytes).pipe(
    Effect.map(Option.match({
      onNone: (): Content => ({
        body: undefined,
        unread: `with more than ${maxBytes} bytes, so it was not read completely`
      }),
      onSome: (text) => ({ body: text })
    })),
    Effect.catchAll((error) =>
      contentCoding.isCodingError(error) && error.reason === "unknown"
        ? Effect.succeed<Content>({
          body: undefined,
          unread: `with the content coding "${error.coding}", which is not supported`
        })
        : isRedirection(response.status)
        ? Effect.succeed<Content>({ body: "" })
        : new TokenEndpointUnavailable({ endpoint, ...transportFailure.reason(error.cause ?? error) })
    )
  )

/** Sends once. Fails with `ConnectionClosed` when the connection was closed before the response. */
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
  const view = new apiResponse.View(HttpClientRequest.make(request.method)(endpoint), request)
  return Effect.gen(function*() {
    const requestedAt = yield* Clock.currentTimeMillis
    const response = yield* Effect.catchAllCause(
      withFiber((fiber) => tracing.guard(fiber, answer(client, named(request), endpoint), view)),
      (cause) => Effect.failCause(tracing.viewedDefects(cause, view))
    )
    if (response instanceof TokenEndpointUnavailable || response instanceof ConnectionClosed) return yield* response
    const { headers, status } = response
    yield* Effect.annotateCurrentSpan("http.response.status_code", status)
    if (status >= 400) yield* Effect.annotateCurrentSpan("error.type", String(status))
    const content = yield* readBody(response, endpoint, maxResponseBytes)
    const receivedAt = yield* Clock.currentTimeMillis
    const received: Received = { endpoint, status, headers, ...content, requestedAt, receivedAt }
    // A tracer receives the exit of the span.
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
