/**
 * Requests with client authentication. Tries the credentials in turn while the server rejects them, and adds a proof of
 * possession if tokens are bound to a key.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as MutableRef from "effect/MutableRef"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import { CredentialUnavailable, InvalidTokenResponse, type TokenError } from "../../OAuthError.js"
import * as tokenErrors from "../models/tokenErrors.js"
import { isFailedAuthentication, type ProofError, proofError } from "../protocol/dialect.js"
import * as issuerQuota from "../protocol/issuerQuota.js"
import { headerProblem } from "../protocol/preconditions.js"
import * as redaction from "../protocol/redaction.js"
import { wasNeverSent } from "../token/issuance.js"
import * as exchange from "./exchange.js"
import type { Proof, ProofKey } from "./proofKey.js"
import * as serverClocks from "./serverClocks.js"
import * as tokenRequest from "./tokenRequest.js"

/** A credential, and the proof that it creates for a request. */
export interface Credential {
  readonly identity: Redacted.Redacted<string>
  /** Expiry in milliseconds since the epoch; undefined for a credential that does not expire. */
  readonly expiresAt?: number | undefined
  readonly prove: (target: {
    readonly clientId: string
    readonly issuer: string | undefined
    readonly endpoint: string
    readonly now: number
    readonly signingAlgorithms: ReadonlyArray<string> | undefined
  }) => Effect.Effect<tokenRequest.ClientProof, TokenError>
}

/** A method of client authentication. */
export interface Authentication {
  /** Credentials in order. Each is read when it is needed: a later one if the server rejects the previous ones. */
  readonly credentials: readonly [
    Effect.Effect<Credential, CredentialUnavailable>,
    ...ReadonlyArray<Effect.Effect<Credential, CredentialUnavailable>>
  ]
}

export interface Conversation<A> {
  readonly authentication: Authentication
  readonly url: string
  /** Usual URL of the endpoint, if the request is sent to its alias for mutual TLS. */
  readonly endpoint: string
  /** Further strings of the request that must not be shown. */
  readonly secrets?: ReadonlyArray<string> | undefined
  readonly clientId: string
  readonly issuer: string | undefined
  /** Algorithms of assertions that the server accepts; undefined if they are unknown. */
  readonly signingAlgorithms: ReadonlyArray<string> | undefined
  /** Encodes the request with a proof. */
  readonly encode: (proof: tokenRequest.ClientProof) => HttpClientRequest.HttpClientRequest
  /** Decodes the response. `redaction` decides which of its strings may be shown. */
  readonly decode: (
    received: exchange.Received & { readonly body: string },
    redaction: redaction.Redaction,
    sent: tokenRequest.ClientProof
  ) => Either.Either<A, TokenError>
  /** True if a request whose connection was closed without a response is not sent again. Default: false. */
  readonly isSentOnce?: boolean | undefined
  /** Runs after each request that was sent, with the type of its error. Default: nothing. */
  readonly onSent?: ((errorType: string | undefined) => Effect.Effect<void>) | undefined
}

/** Quotas of the responses so far. */
type Quotas = Ref.Ref<ReadonlyArray<issuerQuota.Quota>>

/** Returns the type of the error of a request that was sent; `"unsent"` for one that certainly was not. */
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

const proofErrorOf = (outcome: Either.Either<unknown, TokenError>): ProofError | undefined =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" ? proofError(outcome.left.error) : undefined

/** Returns whether the server did not accept the credential, so that another one may be accepted. */
const isFailed = (outcome: Either.Either<unknown, TokenError>): boolean =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" && isFailedAuthentication(outcome.left)

/**
 * Returns whether the server rejected the token that the grant presents: `invalid_grant` (RFC 6749 section 5.2), for a token
 * exchange also `invalid_request` (RFC 8693 section 2.2.2), and for a client without another credential any failed
 * authentication.
 */
const isPresentedRejected = (
  { parameters = {}, presented }: tokenRequest.ClientProof,
  outcome: Either.Either<unknown, TokenError>
): boolean => {
  if (presented === undefined || Either.isRight(outcome) || outcome.left._tag !== "TokenErrorResponse") return false
  const code = outcome.left.error.toLowerCase()
  return code === "invalid_grant" || (code === "invalid_request" && parameters["subject_token"] !== undefined) ||
    (presented.isAlone && isFailed(outcome))
}

/** Validates a proof, since a custom method may return any value. */
const validated = (
  proof: tokenRequest.ClientProof
): Effect.Effect<tokenRequest.ClientProof, CredentialUnavailable> => {
  const problem = headerProblem(proof.headers ?? {})
  return problem === undefined
    ? Effect.succeed(proof)
    : new CredentialUnavailable({ credential: "client secret", problem: `in the proof of the client, ${problem}` })
}

/** Shared state of the requests of a client to its authorization server. */
interface Sender {
  readonly client: HttpClient.HttpClient
  readonly limits: exchange.Limits
  readonly proofs: ProofKey | undefined
  /** Clocks by which assertions and proofs are dated. */
  readonly clocks: serverClocks.ServerClocks
  /** First credential as last read. */
  readonly known: MutableRef.MutableRef<Credential | undefined>
}

/** Outcome of one exchange, and the reason for which the request may succeed with a new proof or assertion. */
interface Exchanged<A> {
  readonly outcome: Either.Either<A, TokenError>
  readonly repeat: ProofError | "assertion" | "presented" | undefined
  readonly sent: tokenRequest.ClientProof
}

/** Returns the redaction of a response: strings that repeat sent secrets are not shown. */
const redactionOf = (
  { clientId, secrets = [], url }: Pick<Conversation<unknown>, "clientId" | "secrets" | "url">,
  proof: tokenRequest.ClientProof,
  possession: Proof | undefined
): redaction.Redaction =>
  redaction.make(
    [...secrets, ...tokenRequest.secrets(proof), ...(possession === undefined ? [] : [possession.value])],
    [clientId, url]
  )

const decode = <A>(
  { decode }: Conversation<A>,
  { body, unread, ...rest }: exchange.Received,
  proof: tokenRequest.ClientProof,
  redaction: redaction.Redaction
): Either.Either<A, TokenError> => {
  if (body === undefined) {
    return Either.left(
      new InvalidTokenResponse({
        endpoint: rest.endpoint,
        status: rest.status,
        problem: `${unread ?? "without a body"}. Check that the token URL (OAUTH_TOKEN_URL) is the token endpoint.`
      })
    )
  }
  return decode({ ...rest, body }, redaction, proof)
}

/** Records nonce and clock of the server. Returns the reason to repeat a rejected proof or assertion if they have changed. */
const repeatReason = (
  { clocks }: Sender,
  url: string,
  sent: {
    readonly proof: tokenRequest.ClientProof
    readonly possession: Proof | undefined
    readonly ahead: number
  },
  headers: exchange.Received["headers"],
  outcome: Either.Either<unknown, TokenError>
): Effect.Effect<Exchanged<never>["repeat"]> =>
  Effect.gen(function*() {
    const { ahead, possession, proof } = sent
    const rejected = proofErrorOf(outcome)
    const proofChanged = possession === undefined
      ? false
      : yield* possession.onResponse(headers, rejected === "invalid_dpop_proof")
    if (rejected !== undefined) return proofChanged ? rejected : undefined
    const isGrantRejected = isPresentedRejected(proof, outcome)
    // Only assertions that are created here are dated by the clock of the server.
    const isDated = isGrantRejected
      ? proof.presented?.isMadeHere === true
      : proof.parameters?.["client_assertion"] !== undefined && isFailed(outcome)
    const dateChanged = isDated ? yield* clocks.onRejected(new URL(url).origin, headers, ahead) : false
    if (dateChanged) return "assertion"
    return isGrantRejected && !isDated ? "presented" : undefined
  })

const exchangeOnce = <A>(
  sender: Sender,
  conversation: Conversation<A>,
  quotas: Quotas,
  proof: tokenRequest.ClientProof,
  ahead: number
) =>
  Effect.gen(function*() {
    const { encode, onSent, url } = conversation
    const request = encode(proof)
    const possession = sender.proofs === undefined ? undefined : yield* sender.proofs.proof({ method: "POST", url })
    const exchanged = Effect.gen(function*() {
      const received = yield* exchange.sendOnce(
        sender.client,
        possession === undefined ? request : HttpClientRequest.setHeader(request, "dpop", possession.value),
        sender.limits
      )
      const shown = redactionOf(conversation, proof, possession)
      // Errors carry quotas, and a server may repeat a secret in the name of one.
      const announced = issuerQuota.parse(received.headers, received.receivedAt).map((quota) => ({
        ...quota,
        name: shown.holds(quota.name) ? redaction.placeholder : quota.name
      }))
      yield* Ref.update(quotas, (earlier) => issuerQuota.merge(earlier, announced))
      const outcome = decode(conversation, received, proof, shown)
      const repeat = yield* repeatReason(sender, url, { proof, possession, ahead }, received.headers, outcome)
      return { outcome, repeat, sent: proof }
    })
    return yield* onSent === undefined ? exchanged : Effect.onExit(exchanged, (exit) => {
      const errorType = sentWith(exit)
      return errorType === "unsent" ? Effect.void : onSent(errorType)
    })
  })

/** Makes a last attempt: another closed connection is an outage. */
const again = <A>(once: Effect.Effect<A, TokenError | exchange.ConnectionClosed>): Effect.Effect<A, TokenError> =>
  Effect.catchTag(once, "ConnectionClosed", ({ error }) => error)

/** Sends with one credential, as often as connection, proof and assertion require. */
const attempt = <A>(sender: Sender, conversation: Conversation<A>, quotas: Quotas, credential: Credential) =>
  Effect.gen(function*() {
    const { clientId, endpoint, isSentOnce, issuer, signingAlgorithms, url } = conversation
    // Each attempt has a new proof: an assertion must not be used twice (RFC 7523 section 3). It is dated by the clock of the
    // server, if that is known.
    const prepare = Effect.gen(function*() {
      const ahead = sender.clocks.ahead(new URL(url).origin)
      const now = (yield* Clock.currentTimeMillis) + ahead
      const proof = yield* validated(yield* credential.prove({ clientId, issuer, endpoint, now, signingAlgorithms }))
      return { proof, ahead }
    })
    const send = ({ ahead, proof }: Effect.Effect.Success<typeof prepare>) =>
      exchangeOnce(sender, conversation, quotas, proof, ahead)
    const once = Effect.flatMap(prepare, send)
    // A server may close an idle connection at the moment at which it is used again. The request may have been processed:
    // a retry costs at most one token.
    let last: Exchanged<A> = yield* isSentOnce === true
      ? again(once)
      : Effect.catchTag(once, "ConnectionClosed", () => again(once))
    // RFC 9449 section 8: the same request again, with the nonce or the time of the response; for each reason once.
    for (const repeated = new Set<string>(); last.repeat !== undefined && !repeated.has(last.repeat);) {
      repeated.add(last.repeat)
      const rejected = last.repeat === "presented" ? last.sent.presented : undefined
      if (rejected !== undefined) yield* rejected.invalidate
      // If the credential cannot be read again, the response to the previous request is the result.
      const next = yield* Effect.either(prepare)
      if (Either.isLeft(next)) break
      // A token that the platform has not replaced would be rejected again.
      const { presented } = next.right.proof
      if (rejected !== undefined && presented?.value === rejected.value) break
      last = yield* again(send(next.right))
      if (rejected !== undefined && presented !== undefined && Either.isRight(last.outcome)) yield* presented.confirm
    }
    return last.outcome
  })

/** Returns the first credential. If its source fails, falls back to the credential that was read last, if it has not expired. */
const firstCredential = ({ known }: Sender, { credentials: [current] }: Authentication) =>
  current.pipe(
    Effect.tap((credential) => Effect.sync(() => MutableRef.set(known, credential))),
    Effect.catchAll((unavailable) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const last = MutableRef.get(known)
        return last === undefined || (last.expiresAt ?? Infinity) <= now
          ? unavailable
          : Effect.as(
            Effect.logWarning(
              `${unavailable.message} Using the credential that was read before. The next token request reads it again.`
            ),
            last
          )
      })
    )
  )

const converse = <A>(sender: Sender, conversation: Conversation<A>, quotas: Quotas): Effect.Effect<A, TokenError> =>
  Effect.gen(function*() {
    const { authentication } = conversation
    const credential = yield* firstCredential(sender, authentication)
    const tried: Array<Redacted.Redacted<string>> = [credential.identity]
    let outcome = yield* attempt(sender, conversation, quotas, credential)
    for (const read of authentication.credentials.slice(1)) {
      if (!isFailed(outcome)) break
      const next = yield* Effect.either(read)
      if (Either.isLeft(next) || tried.some((one) => Equal.equals(one, next.right.identity))) continue
      tried.push(next.right.identity)
      outcome = yield* attempt(sender, conversation, quotas, next.right)
    }
    return yield* outcome
  })

export const make = (client: HttpClient.HttpClient, proofs: ProofKey | undefined, limits: exchange.Limits) => {
  const known = MutableRef.make<Credential | undefined>(undefined)
  const sender: Sender = { client, limits, proofs, clocks: proofs?.clocks ?? serverClocks.make(), known }
  return <A>(
    conversation: Conversation<A>
  ): Effect.Effect<{ readonly value: A; readonly quotas: ReadonlyArray<issuerQuota.Quota> }, TokenError> =>
    Effect.flatMap(
      Ref.make<ReadonlyArray<issuerQuota.Quota>>([]),
      (quotas) =>
        converse(sender, conversation, quotas).pipe(
          Effect.flatMap((value) => Effect.map(Ref.get(quotas), (announced) => ({ value, quotas: announced }))),
          Effect.catchAll((error) =>
            Effect.flatMap(Ref.get(quotas), (announced) => Effect.fail(tokenErrors.withQuotas(error, announced)))
          )
        )
    )
}
