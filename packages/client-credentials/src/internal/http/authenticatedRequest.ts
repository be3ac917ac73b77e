/**
 * Requests in which the client proves who it is: with one credential after the other while the server does not know it,
 * and with a proof of possession where tokens are bound to a key.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import type { ClientAuthentication, Credential, Proof } from "../../ClientAuthentication.js"
import type * as DPoP from "../../DPoP.js"
import { CredentialUnavailable, InvalidTokenResponse, type TokenError } from "../../OAuthError.js"
import * as issuerQuota from "../protocol/issuerQuota.js"
import { headerProblem } from "../protocol/preconditions.js"
import * as redaction from "../protocol/redaction.js"
import { isFailedAuthentication } from "../protocol/refusal.js"
import * as tokenErrors from "../seam/tokenErrors.js"
import { wasNeverSent } from "../token/issuance.js"
import * as exchange from "./exchange.js"
import * as serverClocks from "./serverClocks.js"
import * as tokenRequest from "./tokenRequest.js"

export interface Conversation<A> {
  readonly authentication: ClientAuthentication
  readonly url: string
  /** The usual URL of the endpoint, where the request goes to its alias for mutual TLS. */
  readonly endpoint: string
  /** Further strings of the request that must not be shown. */
  readonly secrets?: ReadonlyArray<string> | undefined
  readonly clientId: string
  readonly issuer: string | undefined
  /** The algorithms of assertions that the server takes; undefined when that is not known. */
  readonly signingAlgorithms: ReadonlyArray<string> | undefined
  /** The request, with this proof in it. */
  readonly encode: (proof: Proof) => HttpClientRequest.HttpClientRequest
  /** What the answer means. Of its strings, `redaction` decides which may be shown. */
  readonly decode: (
    received: exchange.Received & { readonly body: string },
    redaction: redaction.Redaction,
    hint: string | undefined
  ) => Either.Either<A, TokenError>
  /** Runs after each request that was sent, with the type of its error. Default: nothing. */
  readonly onSent?: ((errorType: string | undefined) => Effect.Effect<void>) | undefined
}

/** The quotas of the responses so far. */
type Quotas = Ref.Ref<ReadonlyArray<issuerQuota.Quota>>

/** The type of the error of a request that was sent; `"unsent"` for one that certainly was not. */
const sentWith = (
  exit: Exit.Exit<
    { readonly outcome: Either.Either<unknown, TokenError> },
    TokenError | exchange.ConnectionClosed
  >
): string | undefined => {
  if (Exit.isSuccess(exit)) {
    const { outcome } = exit.value
    return Either.isLeft(outcome) ? outcome.left._tag : undefined
  }
  const failure = Option.getOrUndefined(Cause.failureOption(exit.cause))
  const error = failure?._tag === "ConnectionClosed" ? failure.error : failure
  return error === undefined ? "interrupted" : wasNeverSent(error) ? "unsent" : error._tag
}

/** The error codes of rejected proofs (RFC 9449 sections 5 and 8), in lower case. */
type ProofError = "use_dpop_nonce" | "invalid_dpop_proof"

const proofError = (outcome: Either.Either<unknown, TokenError>): ProofError | undefined => {
  if (Either.isRight(outcome) || outcome.left._tag !== "TokenErrorResponse") return undefined
  const code = outcome.left.error.toLowerCase()
  return code === "use_dpop_nonce" || code === "invalid_dpop_proof" ? code : undefined
}

/** Whether the server did not accept the credential, so that another one may fare better. */
const isUnknown = (outcome: Either.Either<unknown, TokenError>): boolean =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" && isFailedAuthentication(outcome.left)

/** A way of the user's own may have made it of anything. */
const sendable = (proof: Proof): Effect.Effect<Proof, CredentialUnavailable> => {
  const problem = headerProblem(proof.headers ?? {})
  return problem === undefined
    ? Effect.succeed(proof)
    : new CredentialUnavailable({ credential: "client secret", problem: `in what proves the client, ${problem}` })
}

/** A last attempt: another closed connection is an outage. */
const again = <A>(once: Effect.Effect<A, TokenError | exchange.ConnectionClosed>): Effect.Effect<A, TokenError> =>
  Effect.catchTag(once, "ConnectionClosed", ({ error }) => error)

export const make = (client: HttpClient.HttpClient, dpop: DPoP.DPoP | undefined, limits: exchange.Limits) =>
  Effect.gen(function*() {
    // A source that fails does not stop a client whose credential is known and most probably still right.
    const known = yield* Ref.make<Credential | undefined>(undefined)
    const first = (authentication: ClientAuthentication) =>
      authentication.credentials[0].pipe(
        Effect.tap((credential) => Ref.set(known, credential)),
        Effect.catchAll((unavailable) =>
          Effect.flatMap(Ref.get(known), (last) =>
            last === undefined
              ? unavailable
              : Effect.as(Effect.logWarning(`${unavailable.message} The one read before is used.`), last))
        )
      )

    const clocks = serverClocks.of(dpop)

    /** Sends once. `repeat` is the reason for which the request may succeed with a new proof or assertion. */
    const exchangeOnce = <A>(conversation: Conversation<A>, quotas: Quotas, proof: Proof, ahead: number) =>
      Effect.gen(function*() {
        const { clientId, decode, encode, onSent, secrets = [], url } = conversation
        const request = encode(proof)
        const possession = dpop === undefined ? undefined : yield* dpop.proof({ method: "POST", url })
        const exchanged = Effect.gen(function*() {
          const received = yield* exchange.sendOnce(
            client,
            possession === undefined ? request : HttpClientRequest.setHeader(request, "dpop", possession.value),
            limits
          )
          const announced = issuerQuota.parse(received.headers, received.receivedAt)
          yield* Ref.update(quotas, (earlier) => issuerQuota.merge(earlier, announced))
          const { body, unread: _, ...rest } = received
          const outcome = body === undefined
            ? Either.left(
              new InvalidTokenResponse({
                endpoint: received.endpoint,
                status: received.status,
                problem: `${received.unread ?? "without a body"}. Check that the token URL (OAUTH_TOKEN_URL) is the ` +
                  "token endpoint."
              })
            )
            : decode(
              { ...rest, body },
              redaction.make(
                [...secrets, ...tokenRequest.secrets(proof), ...(possession === undefined ? [] : [possession.value])],
                [clientId, url]
              ),
              proof.hint
            )
          const rejected = proofError(outcome)
          const proofChanged = possession === undefined
            ? false
            : yield* possession.onResponse(received.headers, rejected === "invalid_dpop_proof")
          if (rejected !== undefined) return { outcome, repeat: proofChanged ? rejected : undefined }
          const isAssertion = proof.parameters?.["client_assertion"] !== undefined
          const dateChanged = isAssertion && isUnknown(outcome)
            ? yield* clocks.rejected(new URL(url).origin, received.headers, ahead)
            : false
          return { outcome, repeat: dateChanged ? "assertion" as const : undefined }
        })
        return yield* onSent === undefined ? exchanged : Effect.onExit(exchanged, (exit) => {
          const errorType = sentWith(exit)
          return errorType === "unsent" ? Effect.void : onSent(errorType)
        })
      })

    const attempt = <A>(conversation: Conversation<A>, quotas: Quotas, credential: Credential) =>
      Effect.gen(function*() {
        const { clientId, endpoint, issuer, signingAlgorithms, url } = conversation
        // Each with its own proof: an assertion must not be used twice (RFC 7523 section 3). It is dated by the clock of
        // the server, where that is known.
        const once = Effect.gen(function*() {
          const ahead = clocks.ahead(new URL(url).origin)
          const now = (yield* Clock.currentTimeMillis) + ahead
          const target = { clientId, issuer, endpoint, now, signingAlgorithms }
          const proof = yield* sendable(yield* credential.prove(target))
          return yield* exchangeOnce(conversation, quotas, proof, ahead)
        })
        // A server may close an idle connection at the moment at which it is used again. The request may have been
        // processed: what is repeated costs a token at most.
        let last = yield* Effect.catchTag(once, "ConnectionClosed", () => again(once))
        // RFC 9449 section 8: the same again, with the nonce or the time of the response; for each reason once.
        for (const repeated = new Set<string>(); last.repeat !== undefined && !repeated.has(last.repeat);) {
          repeated.add(last.repeat)
          last = yield* again(once)
        }
        return last.outcome
      })

    const outcomeOf = <A>(conversation: Conversation<A>, quotas: Quotas) =>
      Effect.gen(function*() {
        const { authentication } = conversation
        const credential = yield* first(authentication)
        const tried: Array<Redacted.Redacted<string>> = [credential.identity]
        let outcome = yield* attempt(conversation, quotas, credential)
        for (const read of authentication.credentials.slice(1)) {
          if (!isUnknown(outcome)) break
          const next = yield* Effect.either(read)
          if (Either.isLeft(next) || tried.some((one) => Equal.equals(one, next.right.identity))) continue
          tried.push(next.right.identity)
          outcome = yield* attempt(conversation, quotas, next.right)
        }
        return yield* outcome
      })

    return <A>(
      conversation: Conversation<A>
    ): Effect.Effect<{ readonly value: A; readonly quotas: ReadonlyArray<issuerQuota.Quota> }, TokenError> =>
      Effect.flatMap(Ref.make<ReadonlyArray<issuerQuota.Quota>>([]), (quotas) =>
        outcomeOf(conversation, quotas).pipe(
          Effect.flatMap((value) => Effect.map(Ref.get(quotas), (announced) => ({ value, quotas: announced }))),
          Effect.catchAll((error) =>
            Effect.flatMap(Ref.get(quotas), (announced) => Effect.fail(tokenErrors.withQuotas(error, announced)))
          )
        ))
  })
