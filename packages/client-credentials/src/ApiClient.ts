/**
 * The `HttpClient` of a protected API.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"

import { Authorization } from "./Authorization.js"
import type * as Challenge from "./Challenge.js"
import * as apiResponse from "./internal/http/apiResponse.js"
import * as authorizedCall from "./internal/http/authorizedCall.js"
import * as basePath from "./internal/http/basePath.js"
import * as body from "./internal/http/body.js"
import * as gate from "./internal/http/gate.js"
import { WithoutRedirects } from "./internal/http/redirection.js"
import * as tracing from "./internal/http/tracing.js"
import * as soundRequest from "./internal/http/validRequest.js"
import * as rejection from "./internal/protocol/rejection.js"
import * as urls from "./internal/protocol/urls.js"
import * as lifetimes from "./internal/seam/lifetime.js"
import * as metrics from "./internal/seam/metrics.js"
import {
  ClientClosed,
  InsufficientClaims,
  InsufficientScope,
  InsufficientUserAuthentication,
  isOAuthError,
  type OAuthError,
  OriginNotAllowed,
  PathNotAllowed
} from "./OAuthError.js"
import { Rejection, ReplaySchedule } from "./ReplaySchedule.js"

/**
 * An `HttpClient` that may also fail with an `OAuthError`.
 *
 * @since 0.1.0
 * @category models
 */
export type Client = HttpClient.HttpClient.With<HttpClientError.HttpClientError | OAuthError>

/**
 * The client of the protected API. Use it as any `HttpClient`, or give it to `HttpApiClient.makeWith`.
 *
 * - A relative URL is taken from the base URL of the API. An absolute one must lead to an allowed origin: otherwise the
 *   call fails with `OriginNotAllowed` and nothing is sent. On the origin of the base URL, both must stay below its path,
 *   also after a server has decoded and normalized them: otherwise the call fails with `PathNotAllowed`, unless
 *   `allowOutsideBasePath` is set. The query is not restricted. With a user name or a password in it, or with a header that
 *   has a line break in it, say, the call fails with a `RequestError`. The headers that say where a request goes and how
 *   long it is (`Host`, `Content-Length`, `Transfer-Encoding`) follow from its URL and its body alone.
 * - A 401 rejects the token, whatever its challenge says, and so does a 403 with `error="invalid_token"`: the token is
 *   invalidated, and the call is sent again with a new one by `ReplaySchedule`, if its body can be sent again. When that
 *   does not help, the caller gets the last response.
 * - Responses that `rejectedWhen` declares are rejections too, for APIs with other answers.
 * - Challenges that a new token does not change are errors: `InsufficientScope`, `InsufficientUserAuthentication` (RFC
 *   9470) and `InsufficientClaims`. Every other status is a response, as in any `HttpClient`.
 * - A rejected proof of possession (`use_dpop_nonce`, `invalid_dpop_proof`) costs no token: when the response has a new
 *   nonce, or its `Date` shows that the clocks differ, the call is sent again once with another proof.
 * - Redirects are the transport's affair: of those of the platform only the one on `fetch` follows any, without the token
 *   where they lead to another origin. A call with a proof (`dpop`) gets the redirect as its response.
 * - After the scope of the layer has ended, calls fail with `ClientClosed` and nothing is sent.
 * - The `request` of responses and errors is the one that the caller wrote: the token is not in it.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { HttpClientResponse } from "@effect/platform"
 * import { Effect, Schema } from "effect"
 *
 * export const items = Effect.gen(function*() {
 *   const api = yield* ApiClient.ApiClient
 *   const response = yield* api.get("/items")
 *   return yield* HttpClientResponse.schemaBodyJson(Schema.Array(Schema.Struct({ sku: Schema.String })))(response)
 * })
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiClient extends Context.Tag("@effect-oauth/client-credentials/ApiClient")<ApiClient, Client>() {}

type Response = HttpClientResponse.HttpClientResponse

type Problem = HttpClientError.HttpClientError | OAuthError

interface Refused {
  readonly response: Response
  readonly refusal: Rejection
}

interface AttemptOptions {
  readonly replayable: boolean
  readonly isReplay: boolean
  /** The rejections of the proof after which the call was sent again, each at most once. */
  readonly proofs: ReadonlyArray<"UseDPoPNonce" | "InvalidDPoPProof">
}

/** In lower case, as in a challenge. */
const schemeOf = ({ headers }: HttpClientRequest.HttpClientRequest): string | undefined =>
  headers["authorization"]?.split(" ", 1)[0]?.toLowerCase()

const absolute = /^[a-z][a-z0-9+.-]*:/i

/**
 * A client on the `HttpClient` and `Authorization` of the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: Effect.Effect<Client, never, Authorization | HttpClient.HttpClient> = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const { api, authorize } = yield* Authorization
  const schedule = yield* ReplaySchedule
  const { hasEnded, within } = yield* lifetimes.CurrentLifetime
  const base = urls.base(api.baseUrl)
  const isBelowBase = (url: URL): boolean =>
    api.allowOutsideBasePath === true || url.origin !== base.origin || !basePath.leaves(base.path, url.pathname)
  const pathNotAllowed = (url: URL) => new PathNotAllowed({ baseUrl: api.baseUrl, path: url.pathname.slice(0, 200) })
  /** For what is sent beneath: `locate` judges what the caller wrote. */
  const sendAllowed = authorizedCall.make(client, (target) => {
    const url = urls.parse(target)
    return url !== undefined && api.origins.has(url.origin)
      ? pathNotAllowed(url)
      : new OriginNotAllowed({ origin: url?.origin ?? target, allowed: [...api.origins] })
  })
  const declared = api.rejectedWhen
  // Most clients declare none, and are spared the code.
  const judgeDeclared = declared === undefined
    ? undefined
    : (yield* Effect.promise(() => import("./internal/http/rejectedWhen.js"))).judge
  const isAllowed = (url: URL): boolean => api.origins.has(url.origin) && isBelowBase(url)
  // One call after the other goes with the same token: what was sent once need not be looked through again.
  let sent: Headers.Headers = Headers.empty
  const send = (
    request: HttpClientRequest.HttpClientRequest,
    authorized: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<Response, HttpClientError.HttpClientError | OriginNotAllowed | PathNotAllowed> => {
    const problem = soundRequest.unsendable(authorized, request.headers, sent)
    if (problem !== undefined) return problem
    sent = authorized.headers
    return Effect.withFiberRuntime((fiber) => {
      // `fetch` leaves `Authorization` behind where a redirect leads to another origin, but not a proof.
      const followsRedirects = authorized.headers["dpop"] === undefined &&
        !Context.get(fiber.currentContext, WithoutRedirects)
      return sendAllowed(authorized, { followsRedirects, isAllowed })
    })
  }

  const locate = (
    request: HttpClientRequest.HttpClientRequest
  ): Either.Either<
    HttpClientRequest.HttpClientRequest,
    HttpClientError.RequestError | OriginNotAllowed | PathNotAllowed
  > => {
    const isRelative = !absolute.test(request.url)
    const path = !isRelative || request.url === "" || /^[/?#]/.test(request.url) ? request.url : `/${request.url}`
    const text = isRelative ? api.baseUrl + path : request.url
    const url = urls.parse(text)
    // That of `blob:https://api.example.com/...` is `https://api.example.com` too.
    const origin = url === undefined
      ? "an invalid URL"
      : url.protocol === "https:" || url.protocol === "http:"
      ? url.origin
      : `a URL with ${url.protocol}`
    if (url === undefined || !api.origins.has(origin)) {
      return Either.left(new OriginNotAllowed({ origin, allowed: [...api.origins] }))
    }
    return Either.filterOrLeft(
      soundRequest.to(request, url),
      () => isBelowBase(url),
      () => pathNotAllowed(url)
    )
  }

  /** Sends once. What follows a refusal that a new authorization might mend, `onRefused` says. */
  const attempt = <A>(
    request: HttpClientRequest.HttpClientRequest,
    options: AttemptOptions,
    onRefused: (refused: Refused) => Effect.Effect<A, Problem>
  ): Effect.Effect<Response | A, Problem> =>
    Effect.flatMap(authorize(request), ({ accepted, answered, refused, request: authorized }) => {
      if (hasEnded()) return new ClientClosed()
      const secrets = apiResponse.sent(authorized)
      const view = apiResponse.view(request, secrets)
      const passed = (response: Response): Effect.Effect<Response> =>
        options.isReplay && response.status !== 403 ? Effect.as(accepted, response) : Effect.succeed(response)
      const rejected = (
        response: Response,
        challenges: Rejection["challenges"]
      ): Effect.Effect<Response | A, Problem> =>
        Effect.flatMap(refused, (renewable): Effect.Effect<Response | A, Problem> =>
          options.replayable
            ? onRefused({ response, refusal: new Rejection({ challenges, renewable }) })
            : Effect.succeed(response))
      const judge = (
        response: Response,
        challenges: ReadonlyArray<Challenge.Challenge>,
        verdict: rejection.Rejection,
        changed: boolean
      ): Effect.Effect<Response | A, Problem> => {
        switch (verdict._tag) {
          case "None":
            return declared === undefined || judgeDeclared === undefined
              ? passed(response)
              : Effect.flatMap(
                judgeDeclared(declared, response),
                (judged) => {
                  const filter = filtered.get(response)
                  if (filter !== undefined) filtered.set(judged.response, filter)
                  return judged.isRejected ? rejected(judged.response, challenges) : passed(judged.response)
                }
              )
          case "Rejected":
            return rejected(response, challenges)
          case "UseDPoPNonce":
          case "InvalidDPoPProof":
            // RFC 9449 section 9: the same token again, with the nonce or the time of the response.
            return changed && options.replayable && !options.proofs.includes(verdict._tag)
              ? Effect.zipRight(
                body.discard(response),
                attempt(request, { ...options, proofs: [...options.proofs, verdict._tag] }, onRefused)
              )
              : Effect.succeed(response)
          case "InsufficientScope":
            return failed(response, (endpoint) => new InsufficientScope({ endpoint, scope: verdict.scope }))
          case "InsufficientUserAuthentication":
            return failed(
              response,
              (endpoint) =>
                new InsufficientUserAuthentication({ endpoint, acrValues: verdict.acrValues, maxAge: verdict.maxAge })
            )
          case "InsufficientClaims":
            return failed(response, (endpoint) =>
              new InsufficientClaims({
                endpoint,
                // Decoded, it may show what the challenge did not.
                claims: verdict.claims === undefined ? undefined : secrets.shown(verdict.claims)
              }))
        }
      }
      const classify = (original: Response, filter?: HttpClientError.HttpClientError) => {
        const response = new apiResponse.ApiResponse(request, original, secrets)
        if (filter !== undefined) filtered.set(response, filter)
        if (response.status >= 400 && !gate.isOfToken(original, authorized)) return Effect.succeed(response)
        // The challenges of a successful response are not read: most calls succeed.
        const challenges = response.status < 400 ? [] : secrets.challenges(response)
        const verdict = rejection.classify({ status: response.status, challenges, scheme: schemeOf(authorized) })
        return answered === undefined
          ? judge(response, challenges, verdict, false)
          : Effect.flatMap(
            answered(response.headers, verdict._tag === "InvalidDPoPProof"),
            (changed) => judge(response, challenges, verdict, changed)
          )
      }
      const sent = send(request, authorized).pipe(
        Effect.mapErrorCause((cause) => tracing.viewedDefects(cause, view)),
        apiResponse.redact,
        tracing.guard(view)
      )
      return Effect.matchEffect(sent, {
        onFailure: (error): Effect.Effect<Response | A, Problem> => {
          if (isOAuthError(error)) return Effect.fail(error)
          const shown = apiResponse.requestError(error, request, secrets)
          return error._tag === "ResponseError" && error.reason === "StatusCode"
            ? classify(error.response, shown)
            : Effect.fail(shown)
        },
        onSuccess: (original) => classify(original)
      })
    })

  /**
   * The errors of a filter of statuses beneath (`HttpClient.filterStatusOk`) by response: it does not decide about
   * tokens, and the caller gets its error where the response is the last word.
   */
  const filtered = new WeakMap<Response, HttpClientError.HttpClientError>()
  const unfiltered = (response: Response): Effect.Effect<Response, HttpClientError.HttpClientError> => {
    const error = filtered.get(response)
    return error === undefined ? Effect.succeed(response) : Effect.fail(error)
  }

  const failed = (response: Response, error: (endpoint: string) => OAuthError) =>
    Effect.zipRight(body.discard(response), Effect.fail(error(urls.shown(response.request.url))))

  const isRefused = (outcome: Response | Refused): outcome is Refused => "refusal" in outcome

  const sendAgain = (request: HttpClientRequest.HttpClientRequest, count: number) =>
    attempt(request, { replayable: true, isReplay: true, proofs: [] }, Effect.succeed).pipe(
      Effect.tap((outcome) => {
        const result = isRefused(outcome) ? "refused" : "accepted"
        return Effect.zipRight(
          Effect.annotateCurrentSpan("oauth.replay.outcome", result),
          metrics.count(metrics.replays, { "oauth.replay.outcome": result })
        )
      }),
      Effect.withSpan("oauth.api.replay", {
        attributes: { "http.request.resend_count": count },
        captureStackTrace: false
      })
    )

  /** By the schedule, until the API accepts or the schedule ends; then the last refusal is the answer. */
  const replay = (request: HttpClientRequest.HttpClientRequest, first: Refused) =>
    Effect.gen(function*() {
      let last = first
      const driver = yield* Schedule.driver(
        // Before the pause, not after it: meanwhile the connection can serve others.
        Schedule.onDecision(schedule, (_, decision) =>
          Effect.when(body.discard(last.response), () => ScheduleDecision.isContinue(decision)))
      )
      for (let count = 1; Option.isSome(yield* within(Effect.option(driver.next(last.refusal)))); count += 1) {
        const outcome = yield* sendAgain(request, count)
        if (!isRefused(outcome)) {
          return outcome
        }
        last = outcome
      }
      return last.response
    })

  const call = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Response, Problem> => {
    if (hasEnded()) return new ClientClosed()
    const located = locate(request)
    if (Either.isLeft(located)) return Effect.fail(located.left)
    const { right } = located
    const outcome = attempt(
      right,
      { replayable: body.isReplayable(right.body), isReplay: false, proofs: [] },
      (first) => replay(right, first)
    )
    return Effect.flatMap(outcome, unfiltered)
  }

  return HttpClient.makeWith(Effect.flatMap(call), Effect.succeed<HttpClientRequest.HttpClientRequest>)
})

/**
 * The client as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ApiClient, never, Authorization | HttpClient.HttpClient> = Layer.scoped(
  ApiClient,
  Effect.zipRight(apiResponse.redactScoped, lifetimes.provide(make))
)

/**
 * The same client where a plain `HttpClient` is wanted: an `OAuthError` becomes the `cause` of a `RequestError`, and its
 * text the description.
 *
 * @example
 * import { ApiClient } from "@effect-oauth/client-credentials"
 * import { HttpClient } from "@effect/platform"
 * import { Effect } from "effect"
 *
 * export const plain: Effect.Effect<HttpClient.HttpClient, never, ApiClient.ApiClient> = Effect.map(
 *   ApiClient.ApiClient,
 *   ApiClient.toHttpClient
 * )
 *
 * @since 0.1.0
 * @category conversions
 */
export const toHttpClient = (client: Client): HttpClient.HttpClient =>
  HttpClient.makeWith(
    Effect.flatMap((request) =>
      Effect.mapError(client.execute(request), (error) =>
        isOAuthError(error)
          ? new HttpClientError.RequestError({ request, reason: "Transport", cause: error, description: error.message })
          : error)
    ),
    Effect.succeed<HttpClientRequest.HttpClientRequest>
  )

/**
 * Provides the client as the `HttpClient` of a program that knows nothing of tokens.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, ApiClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(ApiClient, toHttpClient)
)
