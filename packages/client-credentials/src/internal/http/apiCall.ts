/**
 * Calls of the program to the API. A call is validated, sent with its token to allowed URLs only, whatever `HttpClient` sends
 * it, and redacted.
 */
import * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import * as Challenge from "../../Challenge.js"
import { OriginNotAllowed, PathNotAllowed } from "../../OAuthError.js"
import * as preconditions from "../protocol/preconditions.js"
import * as urls from "../protocol/urls.js"
import { valueOf, withFiber } from "../seam/fiber.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as tracing from "../seam/tracing.js"
import * as transport from "../seam/transport.js"
import * as apiResponse from "./apiResponse.js"
import * as redirected from "./redirected.js"
import { sourceOf } from "./transportResponse.js"

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

type NotAllowed = OriginNotAllowed | PathNotAllowed

/**
 * Disables redirects of the calls made within an effect. Default: false, so that the transport decides. Redirects of calls
 * with a proof are never followed.
 */
export class WithoutRedirects
  extends Context.Reference<WithoutRedirects>()("@effect-oauth/client-credentials/WithoutRedirects", {
    defaultValue: () => false
  })
{}

/**
 * `HttpClient` that sends the calls made within an effect. Default: undefined, for the one that the client was created with.
 * It may prepend a base URL: the request is sent only if the resulting URL is allowed.
 */
export class Beneath extends Context.Reference<Beneath>()("@effect-oauth/client-credentials/Beneath", {
  defaultValue: (): HttpClient.HttpClient | undefined => undefined
}) {}

/**
 * `HttpClient` beneath each `ApiClient`, for requests without a token. It has the lifetime of the client, and is not part of
 * its interface.
 */
export const transports = new WeakMap<object, HttpClient.HttpClient>()

/** Result of a call that was sent. */
export class Received {
  readonly #authorized: Request
  readonly #original: Response
  readonly #view: apiResponse.View
  /** Response as the caller may see it. */
  readonly response: Response

  constructor(
    authorized: Request,
    original: Response,
    view: apiResponse.View,
    /**
     * Error of a status filter beneath (`HttpClient.filterStatusOk`). It does not affect the token, and is returned to the
     * caller if the response is the last one.
     */
    readonly statusError: httpErrors.HttpError | undefined,
    response?: Response
  ) {
    this.#authorized = authorized
    this.#original = original
    this.#view = view
    this.response = response ?? view.response(original)
  }

  /** Returns this result with another form of the response. */
  with(response: Response): Received {
    return new Received(this.#authorized, this.#original, this.#view, this.statusError, response)
  }
  /** Scheme of the authorization, in lower case as in a challenge. */
  get scheme(): string | undefined {
    return this.#authorized.headers["authorization"]?.split(" ", 1)[0]?.toLowerCase()
  }
  /** False if the response was not to a request with the token: `fetch` followed a redirect to another origin without it. */
  get isOfToken(): boolean {
    const source = sourceOf(this.#original)
    const url = typeof source === "object" && source !== null && "url" in source ? source.url : undefined
    return typeof url !== "string" || !URL.canParse(url) ||
      new URL(url).origin === transport.urlOf(this.#authorized)?.origin
  }
  /** Challenges of the response. Parts that repeat a secret are redacted. */
  get challenges(): ReadonlyArray<Challenge.Challenge> {
    return Challenge.parse(this.response.headers["www-authenticate"] ?? "").map(({ parameters, scheme, token68 }) => ({
      scheme: this.decoded(scheme),
      parameters: Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [this.decoded(name), this.decoded(value)])
      ),
      token68: token68 === undefined ? undefined : this.decoded(token68)
    }))
  }
  /** Returns a string that was decoded from the response, or a placeholder when it repeats a secret. */
  decoded(text: string): string {
    return this.#view.decoded(text)
  }
}

/**
 * Removes headers that determine the destination or the length of the request, which follow from URL and body. A header that
 * was copied from another request would send the token elsewhere behind a shared front, or turn the rest of a body into a
 * second request. A fragment is for the caller only.
 */
const framed = (request: Request): Request => {
  const length = "contentLength" in request.body ? request.body.contentLength : undefined
  const { "content-length": given, host, "transfer-encoding": coding } = request.headers
  if (
    host === undefined && coding === undefined && (given === undefined || given === String(length)) &&
    Option.isNone(request.hash)
  ) return request
  const { body, headers, method, url, urlParams } = request
  return HttpClientRequest.setUrlParams(HttpClientRequest.make(method)(url), urlParams).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(Headers.remove(headers, ["content-length", "host", "transfer-encoding"]))
  )
}

const invalid = (request: Request, reason: "Encode" | "InvalidUrl" | "Transport", problem: string) =>
  httpErrors.ofRequest(request, reason, { description: `${problem}. Nothing was sent` })

/** Returns the request as it is sent to that URL, which is used literally: no other component may interpret it differently. */
const validated = (
  request: Request,
  href: string,
  valid: Headers.Headers | undefined
): Either.Either<Request, httpErrors.RequestError> => {
  if (href.startsWith("https:") && !preconditions.verifiesCertificates()) {
    return Either.left(invalid(
      request,
      "Transport",
      "with NODE_TLS_REJECT_UNAUTHORIZED=0, Node verifies no certificate: unset it, and add a private authority with " +
        "NODE_EXTRA_CA_CERTS instead"
    ))
  }
  const problem = preconditions.headerProblem(request.headers, valid)
  return problem === undefined
    ? Either.right(HttpClientRequest.setUrl(framed(request), href))
    : Either.left(invalid(request, "Encode", problem))
}

/** Headers that authorize a call. */
const secretHeaders = ["authorization", "dpop"]

/**
 * Restricts the token of a call to allowed URLs. The program decides about retries of the call, and about redirects to allowed
 * URLs, if they are followed. Only the fiber of the call changes its fields, so they are not in a `Ref`.
 */
class Gate implements transport.Observer {
  readonly isTraced = true
  /** Number of times that the call was sent. */
  sent = 0
  /** Result of the first send, if redirects are not followed. */
  first: transport.Result | undefined
  onReplaced: transport.Observer["onReplaced"]
  readonly onResult: transport.Observer["onResult"]
  private expected: string | undefined
  private hasEnded = false

  constructor(
    private readonly request: Request,
    private readonly followsRedirects: boolean,
    private readonly rules: urls.Rules
  ) {
    this.onResult = followsRedirects ? undefined : (_, result) => {
      this.first ??= result
    }
  }

  private hasToken(next: Request): boolean {
    const { headers } = this.request
    return secretHeaders.some((name) => headers[name] !== undefined && next.headers[name] === headers[name])
  }

  onSend(next: Request) {
    const { followsRedirects, request, rules } = this
    if (!this.hasToken(next) && (followsRedirects || !redirected.leadsTo(this.first, next))) return "other"
    this.sent += 1
    // `locate` allowed the URL of the call.
    if (next.url === request.url && followsRedirects) return "sent"
    const url = transport.urlOf(next)
    const target = transport.shownUrl(url)
    if (url === undefined || !rules.isAllowed(url)) throw new transport.Rejected("elsewhere", target)
    // A fiber that the program forked meanwhile may send other calls with the token later.
    if (followsRedirects || this.hasEnded) return "sent"
    this.expected ??= transport.shownUrl(transport.urlOf(request))
    if (target !== this.expected) throw new transport.Rejected("elsewhere", target)
    return "manual"
  }
  onEnd(): void {
    this.hasEnded = true
  }
}

type Failure = httpErrors.HttpError | NotAllowed

/** A call in progress. */
interface Sending {
  readonly authorized: Request
  readonly gate: Gate
  readonly view: apiResponse.View
}

/** Calls of a client. A class, since a program may have thousands of instances: its functions exist once. */
export class ApiCalls {
  private readonly rules: urls.Rules
  // The first call detects whether the client replaces the predicate by which sends are observed. If not, later calls are
  // observed at less cost.
  private isKnown = false
  private replaces = false
  // Consecutive calls usually carry the same headers; those already validated are skipped.
  #valid: Headers.Headers | undefined

  constructor(private readonly client: HttpClient.HttpClient, private readonly destinations: urls.Destinations) {
    this.rules = new urls.Rules(destinations)
  }

  private notAllowed(violation: urls.Violation): NotAllowed {
    const { baseUrl, origins } = this.destinations
    return violation._tag === "PathNotAllowed"
      ? new PathNotAllowed({ baseUrl, path: violation.path })
      : new OriginNotAllowed({ origin: violation.origin, allowed: [...origins] })
  }

  /** Returns the request with its complete URL, as it is sent, or the reason for which nothing is sent. */
  locate(request: Request): Either.Either<Request, httpErrors.RequestError | NotAllowed> {
    const located = this.rules.locate(request.url)
    switch (located._tag) {
      case "Allowed":
        return validated(request, located.href, this.#valid)
      case "UserInfo":
        return Either.left(invalid(
          HttpClientRequest.setUrl(request, located.bare),
          "InvalidUrl",
          "the URL contains a user name or a password, but calls are authorized by a token: remove them"
        ))
      default:
        return Either.left(this.notAllowed(located))
    }
  }

  /** Returns the result of a call that failed: there may be a response nevertheless. */
  private failed(
    cause: Cause.Cause<httpErrors.HttpError>,
    { authorized, gate, view }: Sending
  ): Effect.Effect<Received, Failure> {
    const rejected = transport.rejectionIn(cause)
    if (rejected !== undefined) {
      const response = transport.responseOf(gate.first)
      return response === undefined
        ? Effect.fail(this.notAllowed(this.rules.violated(rejected.target)))
        : Effect.succeed(new Received(authorized, response, view, undefined))
    }
    return Effect.catchAll(Effect.failCause(tracing.viewedDefects(cause, view)), (error) => {
      // A custom client of the program may fail with any value.
      if (!httpErrors.isHttpError(error)) return Effect.fail(error)
      const shown = view.error(error)
      const filtered = httpErrors.filteredResponse(error)
      return filtered === undefined
        ? Effect.fail(shown)
        : Effect.succeed(new Received(authorized, filtered, view, shown))
    })
  }

  /**
   * Sends a located request with its authorization. Responses and errors contain the request without the authorization. If
   * redirects are not followed, the redirect is the response.
   */
  send(request: Request, authorized: Request): Effect.Effect<Received, Failure> {
    const problem = preconditions.headerProblem(authorized.headers, this.#valid)
    if (problem !== undefined) return Effect.fail(invalid(request, "Encode", problem))
    this.#valid = authorized.headers
    return withFiber((fiber): Effect.Effect<Received, Failure> => {
      const beneath = valueOf(fiber, Beneath)
      // `fetch` removes `Authorization` from a redirect to another origin, but not a proof.
      const followsRedirects = authorized.headers["dpop"] === undefined && !valueOf(fiber, WithoutRedirects)
      const gate = new Gate(authorized, followsRedirects, this.rules)
      const view = new apiResponse.View(request, authorized)
      // `isKnown` refers to the client's own `HttpClient`.
      const isOwn = beneath === undefined
      const isLight = isOwn && this.isKnown && !this.replaces && followsRedirects
      if (isOwn && !isLight) {
        gate.onReplaced = () => {
          this.replaces = true
        }
      }
      const end = isLight ? transport.begin(fiber, gate) : undefined
      const execution = (beneath ?? this.client).execute(authorized)
      const shown = tracing.guard(fiber, tracing.redact(fiber, execution), view)
      return Effect.matchCauseEffect(end === undefined ? transport.observed(shown, gate) : shown, {
        onFailure: (cause) => {
          end?.()
          return this.failed(cause, { authorized, gate, view })
        },
        onSuccess: (original) => {
          end?.()
          if (isOwn) {
            this.isKnown ||= gate.sent > 0
            this.replaces ||= isLight && gate.sent === 0
          }
          return Effect.succeed(new Received(authorized, original, view, undefined))
        }
      })
    })
  }
}
