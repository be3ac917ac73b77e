/**
 * The `HttpClient` of a protected API: authorizes each call, and replays calls whose token was rejected.
 *
 * **When to use**
 *
 * Use `ApiClient` in a program that calls an API by an `HttpClient` or `HttpApiClient.makeWith`. The layers of
 * `ClientCredentials`, `SharedClientCredentials` and `LegacyToken` provide it. For a `fetch`, use `PromiseClient`; for
 * a token without a call, `TokenCache`.
 *
 * **Gotchas**
 *
 * Do not apply `HttpClient.followRedirects` to the client beneath it: that repeats the `Authorization` header at every
 * redirect target. Retries of the program belong around this client, so that each attempt is authorized again.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2.1 | RFC 6750 section 2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 | RFC 9110 section 11.6.1}
 * @since 3.0.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

import { Authorization, type AuthorizedRequest } from "./Authorization.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import * as apiCall from "./internal/http/apiCall.js"
import * as body from "./internal/http/body.js"
import { CurrentCertificate } from "./internal/http/clientCertificate.js"
import * as eager from "./internal/http/eager.js"
import type * as rejectedWhen from "./internal/http/rejectedWhen.js"
import * as lifetimes from "./internal/process/lifetime.js"
import * as rejection from "./internal/protocol/rejection.js"
import * as urls from "./internal/protocol/urls.js"
import * as httpErrors from "./internal/seam/httpErrors.js"
import * as metrics from "./internal/seam/metrics.js"
import * as pauses from "./internal/seam/pauses.js"
import * as tracing from "./internal/seam/tracing.js"
import {
  ClientClosed,
  InsufficientClaims,
  InsufficientScope,
  InsufficientUserAuthentication,
  isOAuthError,
  type OAuthError
} from "./OAuthError.js"
import { Rejection, ReplaySchedule } from "./ReplaySchedule.js"

/**
 * An `HttpClient` that may also fail with an `OAuthError`.
 *
 * @since 3.0.0
 * @category models
 */
export type Client = HttpClient.HttpClient.With<HttpClientError.HttpClientError | OAuthError>

/**
 * The client of the protected API. Use it as any `HttpClient`, or give it to `HttpApiClient.makeWith`.
 *
 * - A relative URL is taken from the base URL of the API. An absolute one must lead to an allowed origin: otherwise the
 *   call fails with `OriginNotAllowed` and nothing is sent. On the origin of the base URL, both must stay below its path,
 *   also after a server has decoded and normalized them: otherwise the call fails with `PathNotAllowed`, unless
 *   `allowOutsideBasePath` is set. The query is not restricted. With a user name or a password in the URL, or with a header
 *   that cannot be sent, the call fails with an `HttpClientError`. The headers `Host`, `Content-Length` and `Transfer-Encoding`
 *   follow from the URL and the body alone.
 * - A 401 rejects the token, whatever its challenge states, and so does a 403 with `error="invalid_token"`: the token is
 *   invalidated, and the call is sent again with a new one by `ReplaySchedule`, if its body can be sent again. When all
 *   replays are rejected, the caller gets the last response.
 * - Responses that `rejectedWhen` declares are rejections too, for APIs that reject tokens otherwise.
 * - Challenges that a new token does not change are errors: `InsufficientScope`, `InsufficientUserAuthentication` (RFC
 *   9470) and `InsufficientClaims`. Every other status is a response, as in any `HttpClient`.
 * - A rejected proof of possession (`use_dpop_nonce`, `invalid_dpop_proof`) costs no token: when the response has a new
 *   nonce, or its `Date` shows that the clocks differ, the call is sent again once with another proof.
 * - Redirects are followed by a transport on `fetch` only, without the token where they lead to another origin. A call with
 *   a proof (`dpop`) gets the redirect as its response.
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
 * @since 3.0.0
 * @category tags
 */
export class ApiClient extends Context.Tag("@effect-oauth/client-credentials/ApiClient")<ApiClient, Client>() {}

type Request = HttpClientRequest.HttpClientRequest

type Response = HttpClientResponse.HttpClientResponse

type Problem = HttpClientError.HttpClientError | OAuthError

/** Outcome of an attempt that did not fail. */
type Outcome =
  /** The response is for the caller. */
  | { readonly _tag: "Done"; readonly received: apiCall.Received }
  /** The authorization was rejected, and invalidated. */
  | { readonly _tag: "Rejected"; readonly received: apiCall.Received; readonly rejection: Rejection }
  /** The proof was rejected, and another attempt has another one (RFC 9449 section 9). */
  | { readonly _tag: "RejectedProof"; readonly received: apiCall.Received; readonly reason: string }

type Attempt = () => Effect.Effect<Outcome, Problem>

/** Judges a response that is not a rejection by the standards; undefined where no other responses are declared. */
type JudgeDeclared = ((response: Response) => ReturnType<typeof rejectedWhen.judge>) | undefined

/** Loads the code for declared rejections, which most clients do not have. */
const loadDeclared = (declared: rejectedWhen.Settings | undefined): Effect.Effect<JudgeDeclared> =>
  declared === undefined
    ? Effect.succeed(undefined)
    : Effect.map(
      loadOptional,
      ({ rejectedWhen: { judge } }) => (response) => judge(declared, response)
    )

/** The error of a challenge that a new token does not change. */
const insufficient = (
  verdict: rejection.Insufficient,
  received: apiCall.Received
): InsufficientScope | InsufficientUserAuthentication | InsufficientClaims => {
  const endpoint = urls.shown(received.response.request.url)
  switch (verdict._tag) {
    case "InsufficientScope":
      return new InsufficientScope({ endpoint, scope: verdict.scope })
    case "InsufficientUserAuthentication":
      return new InsufficientUserAuthentication({ endpoint, acrValues: verdict.acrValues, maxAge: verdict.maxAge })
    case "InsufficientClaims": {
      // Decoded, they may show what the challenge did not.
      const claims = verdict.claims === undefined ? undefined : received.decoded(verdict.claims)
      return new InsufficientClaims({ endpoint, claims })
    }
  }
}

const done = (received: apiCall.Received): Outcome => ({ _tag: "Done", received })

/** A call that was sent, and its response. */
interface Exchange {
  readonly authorized: AuthorizedRequest
  readonly received: apiCall.Received
  readonly isReplay: boolean
}

/** Confirms the authorization of a replay, and returns the response to the caller. */
const accept = (
  authorization: Authorization,
  { authorized, isReplay }: Exchange,
  received: apiCall.Received
): Effect.Effect<Outcome> =>
  isReplay && received.response.status !== 403
    ? Effect.as(authorization.confirm(authorized), done(received))
    : Effect.succeed(done(received))

/** Invalidates the authorization. */
const reject = (
  authorization: Authorization,
  { authorized }: Exchange,
  received: apiCall.Received,
  challenges: Rejection["challenges"]
): Effect.Effect<Outcome> =>
  Effect.map(authorization.invalidate(authorized), (renewable) => ({
    _tag: "Rejected",
    received,
    rejection: new Rejection({ challenges, renewable })
  }))

/** Decides what a response means, and invalidates or confirms the authorization accordingly. */
const outcomeOf = (
  authorization: Authorization,
  judgeDeclared: JudgeDeclared,
  exchange: Exchange
): Effect.Effect<Outcome, Problem> => {
  const { authorized, received } = exchange
  const { response } = received
  const isError = response.status >= 400
  if (isError && !received.isOfToken) return Effect.succeed(done(received))
  // The challenges of a successful response are not read: most calls succeed.
  const challenges = isError ? received.challenges : []
  const verdict = isError
    ? rejection.classify({ status: response.status, challenges, scheme: received.scheme })
    : rejection.none
  return eager.flatMap(
    authorization.onResponse(authorized, response, verdict._tag === "InvalidDPoPProof"),
    (proofChanged): Effect.Effect<Outcome, Problem> => {
      switch (verdict._tag) {
        case "None":
          return judgeDeclared === undefined
            ? accept(authorization, exchange, received)
            : Effect.flatMap(judgeDeclared(response), ({ isRejected, response }) =>
              isRejected
                ? reject(authorization, exchange, received.with(response), challenges)
                : accept(authorization, exchange, received.with(response)))
        case "Rejected":
          return reject(authorization, exchange, received, challenges)
        case "UseDPoPNonce":
        case "InvalidDPoPProof":
          return Effect.succeed(
            proofChanged ? { _tag: "RejectedProof", received, reason: verdict._tag } : done(received)
          )
        default:
          return Effect.zipRight(body.discard(response), Effect.fail(insufficient(verdict, received)))
      }
    }
  )
}

/** Returns the last response to the caller, or the error that a status filter made of it. */
const answer = ({ received: { response, statusError } }: Outcome): Effect.Effect<Response, Problem> =>
  statusError === undefined ? Effect.succeed(response) : Effect.fail(statusError)

/** Repeats an attempt with another proof where the proof was rejected: for each reason once. */
const withRenewedProofs = (first: Outcome, attempt: Attempt): Effect.Effect<Outcome, Problem> =>
  first._tag !== "RejectedProof" ? Effect.succeed(first) : Effect.gen(function*() {
    let outcome: Outcome = first
    for (const reasons = new Set<string>(); outcome._tag === "RejectedProof" && !reasons.has(outcome.reason);) {
      reasons.add(outcome.reason)
      yield* body.discard(outcome.received.response)
      outcome = yield* attempt()
    }
    return outcome
  })

/** Reports a replay in the trace and the metrics. */
const observed = <E>(attempt: Effect.Effect<Outcome, E>, count: number): Effect.Effect<Outcome, E> =>
  attempt.pipe(
    Effect.tap(({ _tag }) => {
      const result = _tag === "Rejected" ? "rejected" : "accepted"
      return Effect.zipRight(
        Effect.annotateCurrentSpan("oauth.replay.outcome", result),
        metrics.count(metrics.replays, { "oauth.replay.outcome": result })
      )
    }),
    tracing.withSpan("oauth.api.replay", {
      attributes: { "http.request.resend_count": count },
      captureStackTrace: false
    })
  )

/** Replays a rejected call by the schedule, until the API does not reject it or the schedule ends. */
const replay = (
  first: Outcome,
  attempt: Attempt,
  schedule: Schedule.Schedule<unknown, Rejection>,
  lifetime: lifetimes.Lifetime
): Effect.Effect<Outcome, Problem> =>
  Effect.gen(function*() {
    const { next } = pauses.make(schedule)
    let outcome = first
    for (let count = 1; outcome._tag === "Rejected"; count += 1) {
      const { received, rejection } = outcome
      const isOver = yield* lifetime.within(Effect.flatMap(next(rejection), (pause) =>
        pause === undefined
          ? Effect.succeed(true)
          // Before the pause, so that the connection can serve other calls meanwhile.
          : Effect.as(
            Effect.zipRight(body.discard(received.response), pause > 0 ? Effect.sleep(pause) : Effect.void),
            false
          )))
      if (isOver) break
      const replayed = Effect.flatMap(attempt(), (outcome) => withRenewedProofs(outcome, attempt))
      outcome = yield* observed(replayed, count)
    }
    return outcome
  })

/**
 * Creates a client on the `HttpClient` and `Authorization` of the context, by the `ReplaySchedule` there. With an `HttpClient`
 * of `NodeTls`, a call and its token use the same client certificate. After the scope has ended, calls fail with
 * `ClientClosed`. Until then, `dpop` and `www-authenticate` are among the header names that
 * Effect redacts.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make: Effect.Effect<Client, never, Authorization | HttpClient.HttpClient | Scope.Scope> = Effect.gen(
  function*() {
    yield* tracing.redactScoped
    const authorization = yield* Authorization
    const schedule = yield* ReplaySchedule
    const lifetime = yield* lifetimes.make
    const transport = yield* HttpClient.HttpClient
    const calls = new apiCall.ApiCalls(transport, authorization.api)
    const judgeDeclared = yield* loadDeclared(authorization.api.rejectedWhen)

    const attempt = (request: Request, isReplay: boolean): Effect.Effect<Outcome, Problem> =>
      Effect.flatMap(
        authorization.authorize(request),
        (authorized): Effect.Effect<Outcome, Problem> =>
          lifetime.hasEnded()
            ? new ClientClosed()
            : Effect.flatMap(
              calls.send(request, authorized.request),
              (received) => outcomeOf(authorization, judgeDeclared, { authorized, received, isReplay })
            )
      )

    /** Repeats a request that was rejected. */
    const repeat = (request: Request, first: Outcome): Effect.Effect<Response, Problem> =>
      withRenewedProofs(first, () => attempt(request, false)).pipe(
        Effect.flatMap((outcome) => replay(outcome, () => attempt(request, true), schedule, lifetime)),
        Effect.flatMap(answer)
      )

    const call = (request: Request): Effect.Effect<Response, Problem> =>
      Effect.suspend(() => {
        if (lifetime.hasEnded()) return new ClientClosed()
        const located = calls.locate(request)
        if (Either.isLeft(located)) return Effect.fail(located.left)
        const { right } = located
        return Effect.flatMap(
          attempt(right, false),
          (first) => first._tag === "Done" || !body.isReplayable(right.body) ? answer(first) : repeat(right, first)
        )
      })

    const certificate = yield* CurrentCertificate
    const client = HttpClient.makeWith(
      // A token that is bound to a certificate and the call that carries it have the same one.
      (request) =>
        eager.flatMap(request, certificate === undefined ? call : (request) => certificate.hold(call(request))),
      Effect.succeed<Request>
    )
    apiCall.transports.set(client, transport)
    return client
  }
)

/**
 * Provides the client. The `ReplaySchedule` of the context applies, although it appears in no type.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer: Layer.Layer<ApiClient, never, Authorization | HttpClient.HttpClient> = /*#__PURE__*/ Layer.scoped(
  ApiClient,
  make
)

/**
 * Converts the client to a plain `HttpClient`: an `OAuthError` becomes the `cause` of an `HttpClientError`, and its message
 * the description.
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
 * @since 3.0.0
 * @category conversions
 */
export const toHttpClient = (client: Client): HttpClient.HttpClient =>
  HttpClient.makeWith(
    Effect.flatMap((request) =>
      Effect.mapError(client.execute(request), (error) =>
        isOAuthError(error)
          ? httpErrors.ofRequest(request, "Transport", { cause: error, description: error.message })
          : error)
    ),
    Effect.succeed<HttpClientRequest.HttpClientRequest>
  )

/**
 * Provides the client as the `HttpClient` of a program that handles no tokens.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<HttpClient.HttpClient, never, ApiClient> = /*#__PURE__*/ Layer.effect(
  HttpClient.HttpClient,
  /*#__PURE__*/ Effect.map(ApiClient, toHttpClient)
)
