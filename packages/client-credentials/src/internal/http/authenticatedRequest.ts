/**
 * Requests with client authentication: with one credential after the other while the server does not accept it, and with a
 * proof of possession where tokens are bound to a key.
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
import { isFailedAuthentication, type ProofError, proofError } from "../protocol/dialect.js"
import * as issuerQuota from "../protocol/issuerQuota.js"
import { headerProblem } from "../protocol/preconditions.js"
import * as redaction from "../protocol/redaction.js"
import * as tokenErrors from "../seam/tokenErrors.js"
import { wasNeverSent } from "../token/issuance.js"
import * as exchange from "./exchange.js"
import type { Proof, ProofKey } from "./proofKey.js"
import * as serverClocks from "./serverClocks.js"
import * as tokenRequest from "./tokenRequest.js"

/** One credential, and the proof that it makes for a request. */
export interface Credential {
  readonly identity: Redacted.Redacted<string>
  /** Milliseconds since the epoch; undefined for one without an end. */
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
  /** Each is read when it is needed: the later ones where the server does not accept the earlier. */
  readonly credentials: readonly [
    Effect.Effect<Credential, CredentialUnavailable>,
    ...ReadonlyArray<Effect.Effect<Credential, CredentialUnavailable>>
  ]
}

export interface Conversation<A> {
  readonly authentication: Authentication
  readonly url: string
  /** The usual URL of the endpoint, where the request goes to its alias for mutual TLS. */
  readonly endpoint: string
  /** Further strings of the request that must not be shown. */
  readonly secrets?: ReadonlyArray<string> | undefined
  readonly clientId: string
  readonly issuer: string | undefined
  /** The algorithms of assertions that the server accepts; undefined when they are unknown. */
  readonly signingAlgorithms: ReadonlyArray<string> | undefined
  /** The request, with this proof in it. */
  readonly encode: (proof: tokenRequest.ClientProof) => HttpClientRequest.HttpClientRequest
  /** Decodes the response. Of its strings, `redaction` decides which may be shown. */
  readonly decode: (
    received: exchange.Received & { readonly body: string },
    redaction: redaction.Redaction,
    sent: tokenRequest.ClientProof
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

const proofErrorOf = (outcome: Either.Either<unknown, TokenError>): ProofError | undefined =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" ? proofError(outcome.left.error) : undefined

/** Returns whether the server did not accept the credential, so that another one may be accepted. */
const isFailed = (outcome: Either.Either<unknown, TokenError>): boolean =>
  Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse" && isFailedAuthentication(outcome.left)

/**
 * Returns whether the server did not accept what the grant presents: `invalid_grant` (RFC 6749 section 5.2), for a token exchange
 * `invalid_request` too (RFC 8693 section 2.2.2), and for a client that presents nothing else, any failed authentication.
 */
const isPresentedRefused = (
  { parameters = {}, presented }: tokenRequest.ClientProof,
  outcome: Either.Either<unknown, TokenError>
): boolean => {
  if (presented === undefined || Either.isRight(outcome) || outcome.left._tag !== "TokenErrorResponse") return false
  const code = outcome.left.error.toLowerCase()
  return code === "invalid_grant" || (code === "invalid_request" && parameters["subject_token"] !== undefined) ||
    (presented.isAlone && isFailed(outcome))
}

/** A custom method may have made a proof of anything. */
const validated = (
  proof: tokenRequest.ClientProof
): Effect.Effect<tokenRequest.ClientProof, CredentialUnavailable> => {
  const problem = headerProblem(proof.headers ?? {})
  return problem === undefined
    ? Effect.succeed(proof)
    : new CredentialUnavailable({ credential: "client secret", problem: `in what proves the client, ${problem}` })
}

/** What the requests of a client to its authorization server have in common. */
interface Sender {
  readonly client: HttpClient.HttpClient
  readonly limits: exchange.Limits
  readonly proofs: ProofKey | undefined
  /** They date assertions, and the proofs if there are any. */
  readonly clocks: serverClocks.ServerClocks
  /** The first credential as it was read last. */
  readonly known: MutableRef.MutableRef<Credential | undefined>
}

/** The outcome of one exchange, and the reason for which the request may succeed with a new proof or assertion. */
interface Exchanged<A> {
  readonly outcome: Either.Either<A, TokenError>
  readonly repeat: ProofError | "assertion" | "presented" | undefined
  readonly sent: tokenRequest.ClientProof
}

/** Decides which strings of a response may be shown: none that repeats what was sent. */
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

/** Notes nonce and clock of the server. A rejected proof or assertion is repeated when they have changed. */
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
    const isGrantRefused = isPresentedRefused(proof, outcome)
    // Only what is made here is dated by the clock of the server.
    const isDated = isGrantRefused
      ? proof.presented?.isMadeHere === true
      : proof.parameters?.["client_assertion"] !== undefined && isFailed(outcome)
    const dateChanged = isDated ? yield* clocks.onRejected(new URL(url).origin, headers, ahead) : false
    if (dateChanged) return "assertion"
    return isGrantRefused && !isDated ? "presented" : undefined
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

/** A last attempt: another closed connection is an outage. */
const again = <A>(once: Effect.Effect<A, TokenError | exchange.ConnectionClosed>): Effect.Effect<A, TokenError> =>
  Effect.catchTag(once, "ConnectionClosed", ({ error }) => error)

/** Sends with one credential, as often as connection, proof and assertion require. */
const attempt = <A>(sender: Sender, conversation: Conversation<A>, quotas: Quotas, credential: Credential) =>
  Effect.gen(function*() {
    const { clientId, endpoint, issuer, signingAlgorithms, url } = conversation
    // Each with its own proof: an assertion must not be used twice (RFC 7523 section 3). It is dated by the clock of the
    // server, where that is known.
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
    // what is repeated costs a token at most.
    let last: Exchanged<A> = yield* Effect.catchTag(once, "ConnectionClosed", () => again(once))
    // RFC 9449 section 8: the same request again, with the nonce or the time of the response; for each reason once.
    for (const repeated = new Set<string>(); last.repeat !== undefined && !repeated.has(last.repeat);) {
      repeated.add(last.repeat)
      const refused = last.repeat === "presented" ? last.sent.presented : undefined
      if (refused !== undefined) yield* refused.invalidate
      // What cannot be read again leaves the answer to what was sent.
      const next = yield* Effect.either(prepare)
      if (Either.isLeft(next)) break
      // What the platform has not replaced would be refused again.
      const { presented } = next.right.proof
      if (refused !== undefined && presented?.value === refused.value) break
      last = yield* again(send(next.right))
      if (refused !== undefined && presented !== undefined && Either.isRight(last.outcome)) yield* presented.confirm
    }
    return last.outcome
  })

/** A source that fails does not stop a client whose credential is known and most probably still valid. */
const firstCredential = ({ known }: Sender, { credentials: [current] }: Authentication) =>
  current.pipe(
    Effect.tap((credential) => Effect.sync(() => MutableRef.set(known, credential))),
    Effect.catchAll((unavailable) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const last = MutableRef.get(known)
        return last === undefined || (last.expiresAt ?? Infinity) <= now
          ? unavailable
          : Effect.as(Effect.logWarning(`${unavailable.message} The one read before is used.`), last)
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
