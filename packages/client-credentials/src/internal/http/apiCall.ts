/**
 * One call of the program to the API: validated, sent with its token to allowed URLs only, whatever `HttpClient` sends it,
 * and redacted.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import * as Challenge from "../../Challenge.js"
import { OriginNotAllowed, PathNotAllowed } from "../../OAuthError.js"
import * as preconditions from "../protocol/preconditions.js"
import * as sentSecrets from "../protocol/sentSecrets.js"
import * as urls from "../protocol/urls.js"
import { withReference } from "../seam/fiber.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as tracing from "../seam/tracing.js"
import * as transport from "../seam/transport.js"
import * as apiResponse from "./apiResponse.js"
import * as contentCoding from "./contentCoding.js"
import * as redirected from "./redirected.js"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

type NotAllowed = OriginNotAllowed | PathNotAllowed

/**
 * Whether redirects of the calls made within an effect must not be followed. Default: false, so that the transport decides;
 * those of calls with a proof are never followed.
 */
export class WithoutRedirects
  extends Context.Reference<WithoutRedirects>()("@effect-oauth/client-credentials/WithoutRedirects", {
    defaultValue: () => false
  })
{}

/**
 * The `HttpClient` that sends the calls made within an effect. Default: undefined, for the one that the client was made
 * with. It may prepend a base URL of its own: the request is sent only if the URL is an allowed one then.
 */
export class Beneath extends Context.Reference<Beneath>()("@effect-oauth/client-credentials/Beneath", {
  defaultValue: (): HttpClient.HttpClient | undefined => undefined
}) {}

/** What came back of a call that was sent. */
export interface Received {
  /** As the caller may see it. */
  readonly response: Response
  /**
   * The error of a filter of statuses beneath (`HttpClient.filterStatusOk`): it does not decide about tokens, and the
   * caller gets it where the response is the last one.
   */
  readonly statusError: httpErrors.HttpError | undefined
  /** The scheme of the authorization, in lower case as in a challenge. */
  readonly scheme: string | undefined
  /** The challenges of the response. What repeats a secret in them is redacted. */
  readonly challenges: () => ReadonlyArray<Challenge.Challenge>
  /** Returns a string that was decoded from the response, or a placeholder when it repeats a secret. */
  readonly shown: (text: string) => string
  /** False when the response is not one to the token: where `fetch` followed a redirect to another origin without it. */
  readonly isOfToken: () => boolean
}

/**
 * URL and body determine where the request goes and where it ends, and headers do not: one that was copied from another
 * request would send the token elsewhere behind a shared front, or make a second request of the rest of a body.
 */
const framed = (request: Request): Request => {
  const length = "contentLength" in request.body ? request.body.contentLength : undefined
  const { "content-length": given, host, "transfer-encoding": coding } = request.headers
  if (host === undefined && coding === undefined && (given === undefined || given === String(length))) return request
  const { body, hash, headers, method, url, urlParams } = request
  const located = HttpClientRequest.setUrlParams(HttpClientRequest.make(method)(url), urlParams)
  return (Option.isSome(hash) ? HttpClientRequest.setHash(located, hash.value) : located).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(Headers.remove(headers, ["content-length", "host", "transfer-encoding"]))
  )
}

const invalid = (request: Request, reason: "Encode" | "InvalidUrl" | "Transport", problem: string) =>
  httpErrors.ofRequest(request, reason, { description: `${problem}. Nothing was sent` })

/** The request as it is sent to that URL, which is taken literally: nothing else may read it in another way. */
const validated = (request: Request, url: URL): Either.Either<Request, httpErrors.RequestError> => {
  if (url.protocol === "https:" && !preconditions.verifiesCertificates()) {
    return Either.left(invalid(
      request,
      "Transport",
      "with NODE_TLS_REJECT_UNAUTHORIZED=0, Node verifies no certificate: unset it, and trust a private authority with " +
        "NODE_EXTRA_CA_CERTS instead"
    ))
  }
  const problem = preconditions.headerProblem(request.headers)
  return problem === undefined
    ? Either.right(HttpClientRequest.setUrl(framed(request), url.href))
    : Either.left(invalid(request, "Encode", problem))
}

/** The headers that authorize a call. */
const secretHeaders = ["authorization", "dpop"]

/**
 * Lets the token of a call go to allowed URLs only. How often the call is sent is left to the program, and so are
 * redirects, where they are followed, to URLs that are allowed.
 */
const gate = (request: Request, followsRedirects: boolean, rules: urls.Rules) => {
  const secrets = secretHeaders.filter((name) => request.headers[name] !== undefined)
  let sent = 0
  let first: transport.Result | undefined
  let expected: string | undefined
  let hasEnded = false
  const observer: transport.Observer = {
    isTraced: true,
    onSend: (next) => {
      const hasToken = secrets.some((name) => next.headers[name] === request.headers[name])
      if (!hasToken && (followsRedirects || !redirected.leadsTo(first, next))) return "other"
      sent += 1
      // `locate` allowed the URL of the call.
      if (next.url === request.url && followsRedirects) return "sent"
      const url = transport.urlOf(next)
      const target = transport.shownUrl(url)
      if (url === undefined || !rules.isAllowed(url)) throw new transport.Refused("elsewhere", target)
      // A fiber that the program forked on the way may send other calls with the token later.
      if (followsRedirects || hasEnded) return "sent"
      expected ??= transport.shownUrl(transport.urlOf(request))
      if (target !== expected) throw new transport.Refused("elsewhere", target)
      return "manual"
    },
    onResult: followsRedirects ? undefined : (_, result) => {
      first ??= result
    },
    onEnd: () => {
      hasEnded = true
    }
  }
  return { observer, first: () => first, sent: () => sent }
}

const isOfToken = (response: Response, request: Request): boolean => {
  const source = contentCoding.sourceOf(response)
  const url = typeof source === "object" && source !== null && "url" in source ? source.url : undefined
  return typeof url !== "string" || !URL.canParse(url) || new URL(url).origin === transport.urlOf(request)?.origin
}

const received = (
  request: Request,
  authorized: Request,
  original: Response,
  secrets: sentSecrets.SentSecrets,
  statusError?: httpErrors.HttpError
): Received => {
  const response = new apiResponse.ApiResponse(request, original, secrets)
  const { shown } = secrets
  return {
    response,
    statusError,
    shown,
    scheme: authorized.headers["authorization"]?.split(" ", 1)[0]?.toLowerCase(),
    isOfToken: () => isOfToken(original, authorized),
    challenges: () =>
      Challenge.parse(response.headers["www-authenticate"] ?? "").map(({ parameters, scheme, token68 }) => ({
        scheme: shown(scheme),
        parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [shown(name), shown(value)])),
        token68: token68 === undefined ? undefined : shown(token68)
      }))
  }
}

type Failure = httpErrors.HttpError | NotAllowed

/** The calls of a client. A class, since a program may have thousands: its functions exist once. */
export class ApiCalls {
  private readonly rules: urls.Rules
  // The first call finds out whether the client replaces the predicate by which sends are observed; as long as it does not,
  // later calls are observed at less cost.
  private isKnown = false
  private replaces = false

  constructor(private readonly client: HttpClient.HttpClient, private readonly destinations: urls.Destinations) {
    this.rules = new urls.Rules(destinations)
  }

  private notAllowed(violation: urls.Violation): NotAllowed {
    const { baseUrl, origins } = this.destinations
    return violation._tag === "PathNotAllowed"
      ? new PathNotAllowed({ baseUrl, path: violation.path })
      : new OriginNotAllowed({ origin: violation.origin, allowed: [...origins] })
  }

  /** Sends a call that has an authorization. Where redirects are not followed, the redirect is the response. */
  private sendAllowed(
    request: Request,
    followsRedirects: boolean,
    beneath: HttpClient.HttpClient | undefined
  ): Effect.Effect<Response, Failure> {
    const { first, observer, sent } = gate(request, followsRedirects, this.rules)
    // What is known is known of the client's own `HttpClient`.
    const isOwn = beneath === undefined
    const isLight = isOwn && this.isKnown && !this.replaces && followsRedirects
    const execution = (beneath ?? this.client).execute(request)
    const call = isLight
      ? transport.observedLightly(execution, observer)
      : transport.observed(execution, {
        ...observer,
        onReplaced: () => {
          if (isOwn) this.replaces = true
        }
      })
    return Effect.matchCauseEffect(call, {
      onFailure: (cause): Effect.Effect<Response, Failure> => {
        const refused = transport.refusalIn(cause)
        if (refused === undefined) return Effect.failCause(cause)
        const response = transport.responseOf(first())
        return response === undefined
          ? Effect.fail(this.notAllowed(this.rules.violated(refused.target)))
          : Effect.succeed(response)
      },
      onSuccess: (response): Effect.Effect<Response, Failure> => {
        if (isOwn && sent() > 0) this.isKnown = true
        else if (isLight) this.replaces = true
        return Effect.succeed(response)
      }
    })
  }

  private sendValid(request: Request, authorized: Request): Effect.Effect<Response, Failure> {
    const problem = preconditions.headerProblem(authorized.headers, request.headers)
    return problem === undefined
      ? withReference(WithoutRedirects, (withoutRedirects) =>
        withReference(Beneath, (beneath) =>
          // `fetch` leaves `Authorization` behind where a redirect leads to another origin, but not a proof.
          this.sendAllowed(authorized, authorized.headers["dpop"] === undefined && !withoutRedirects, beneath)))
      : Effect.fail(invalid(authorized, "Encode", problem))
  }

  /** Returns the request with its whole URL, as it is sent; or the reason for which nothing is sent. */
  locate(request: Request): Either.Either<Request, httpErrors.RequestError | NotAllowed> {
    const located = this.rules.locate(request.url)
    switch (located._tag) {
      case "Allowed":
        return validated(request, located.url)
      case "UserInfo":
        return Either.left(invalid(
          HttpClientRequest.setUrl(request, located.bare),
          "InvalidUrl",
          "the URL has a user name or a password in it, where calls are authorized by a token: leave them out"
        ))
      default:
        return Either.left(this.notAllowed(located))
    }
  }

  /** Sends a located request as it was authorized. Responses and errors show the request without the authorization. */
  send(request: Request, authorized: Request): Effect.Effect<Received, Failure> {
    const secrets = sentSecrets.make(authorized)
    const sent = tracing.redact(this.sendValid(request, authorized))
    return Effect.matchEffect(tracing.guard(sent, apiResponse.view(request, secrets)), {
      onFailure: (error): Effect.Effect<Received, Failure> => {
        if (!httpErrors.isHttpError(error)) return Effect.fail(error)
        const shown = apiResponse.redactedError(error, request, secrets)
        const filtered = httpErrors.filteredResponse(error)
        return filtered === undefined
          ? Effect.fail(shown)
          : Effect.succeed(received(request, authorized, filtered, secrets, shown))
      },
      onSuccess: (original) => Effect.succeed(received(request, authorized, original, secrets))
    })
  }
}
