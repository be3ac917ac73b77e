/**
 * A protected API in memory: it validates tokens at the authorization server of the test, and runs your handler.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-3 | RFC 6750 section 3}
 * @since 3.0.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"

import { readBasic } from "./internal/basicAuth.js"
import type { Behavior } from "./internal/behavior.js"
import { encode } from "./internal/contentCoding.js"
import * as faultScript from "./internal/faults.js"
import type * as host from "./internal/host.js"
import * as journal from "./internal/journal.js"
import type { Issued } from "./internal/models.js"
import { memory, type Place } from "./internal/place.js"
import * as proofs from "./internal/proofs.js"
import * as rejections from "./internal/rejections.js"
import { redactedUrl } from "./internal/request.js"
import * as rules from "./internal/rules.js"
import * as httpApi from "./internal/seam/httpApi.js"
import * as serverRules from "./internal/serverRules.js"
import { TestAuthorizationServer } from "./TestAuthorizationServer.js"

/**
 * Options of the API.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Default: `https://api.test`. */
  readonly baseUrl?: string | undefined
  /** Responds to calls with a valid token. Default: 200 with `{}`. */
  readonly handler?: ((request: Request, token: Issued) => Effect.Effect<Response>) | undefined
  /** The scope that every call requires; without it the response is 403 `insufficient_scope`. Default: none. */
  readonly requiredScope?: ReadonlyArray<string> | undefined
  /** The audience or resource that tokens must be for. Default: any. */
  readonly audience?: string | undefined
  /** True if proofs must contain a nonce (RFC 9449 section 9). Default: false. */
  readonly requireNonce?: boolean | undefined
  /**
   * The response to a token that is not valid, and to a missing one: by the name of what real APIs return, or any other. Default:
   * `bearer`, status 401 with `error="invalid_token"`, and without a code where the token is missing (RFC 6750 section 3.1).
   *
   * @example
   * import { OAuthTest } from "@effect-oauth/testing"
   *
   * export const Test = OAuthTest.layer({
   *   api: { rejection: "graphql" },
   *   client: { rejectedWhen: { response: ({ body }) => body.includes("UNAUTHENTICATED") } }
   * })
   */
  readonly rejection?: rejections.Name | rejections.Rejection | undefined
  /** The coding of responses, whether or not the client accepts it. Default: `identity`. */
  readonly contentCoding?: Behavior["contentCoding"] | undefined
  /**
   * Token ids with their secrets that are accepted by basic auth, for programs that use `LegacyToken`, each with its scope. The
   * handler and the rule of `reject` see such a token as the number 0 of the client with its id; it has no audience, and is for
   * this API alone. Default: none.
   */
  readonly legacyTokens?:
    | ReadonlyArray<
      { readonly id: string; readonly secret: string; readonly scope?: ReadonlyArray<string> | undefined }
    >
    | undefined
}

/**
 * The API with the operations of a test.
 *
 * @since 3.0.0
 * @category models
 */
export interface TestApi {
  readonly baseUrl: string
  /** Faults of the next calls. */
  readonly faults: faultScript.Faults<{ readonly method: string; readonly url: URL }>
  /** All calls that arrived, in order. */
  readonly calls: Effect.Effect<
    ReadonlyArray<{
      /** Milliseconds since the epoch. */
      readonly at: number
      readonly method: string
      readonly url: string
      /** The `User-Agent` of the client (RFC 9110 section 10.1.5). */
      readonly userAgent: string | undefined
      /** The number of its token at the authorization server; undefined if the server issued no such token. */
      readonly token: number | undefined
      /** The status of the response; undefined if there was none. */
      readonly status: number | undefined
    }>
  >
  /** Rejects valid tokens by a rule, as an API does that accepts new tokens with a delay. */
  readonly reject: (which: (token: Issued) => boolean) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  /** Replaces the secret of a legacy token. The old one is rejected from now on. Fails if there is no token with this id. */
  readonly changeSecret: (id: string, secret: string) => Effect.Effect<void, InvalidConfig.InvalidConfig>
  /** The API as a function: from a request to a response, or to a broken connection. */
  readonly host: host.Host
}

/**
 * Tag of the API of a test.
 *
 * @since 3.0.0
 * @category tags
 */
export const TestApi = Context.GenericTag<TestApi>("@effect-oauth/testing/TestApi")

type Call = Effect.Effect.Success<TestApi["calls"]>[number]

const answer = {
  status: serverRules.status,
  challenge: rules.anyText,
  headers: rules.record(rules.anyText),
  body: rules.anyText
}

/**
 * The rule of the options.
 *
 * @internal
 */
export const optionsRule = rules.group<Options>({
  baseUrl: rules.url,
  handler: rules.callback,
  requiredScope: serverRules.texts,
  audience: rules.text,
  requireNonce: rules.flag,
  rejection: rules.named(
    rules.oneOf(Object.keys(rejections.table)),
    rules.group<rejections.Rejection>({ ...answer, missing: rules.group(answer, ["status"]) }, ["status"])
  ),
  contentCoding: serverRules.codings,
  legacyTokens: rules.list(
    rules.group<NonNullable<Options["legacyTokens"]>[number]>(
      { id: rules.text, secret: rules.text, scope: serverRules.texts },
      ["id", "secret"]
    )
  )
})

const nonce = "nonce-of-the-api"

/**
 * Creates an API, independent of any other. Fails with the names of options that are unknown or wrong.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options = {}
): Effect.Effect<TestApi, InvalidConfig.InvalidConfig, TestAuthorizationServer> =>
  Effect.zipRight(rules.check(optionsRule, options), makeIn(memory, options))

/**
 * Creates an API from valid options, at a place.
 *
 * @internal
 */
export const makeIn = (
  { passed, transport }: Place,
  options: Options
): Effect.Effect<TestApi, never, TestAuthorizationServer> =>
  Effect.gen(function*() {
    const { verify } = yield* TestAuthorizationServer
    const baseUrl = options.baseUrl ?? "https://api.test"
    const handler = options.handler ?? (() => Effect.sync(() => Response.json({})))
    const calls = yield* journal.make<Call>()
    const rejects = yield* Ref.make<(token: Issued) => boolean>(() => false)
    const legacyTokens = yield* Ref.make(options.legacyTokens ?? [])
    const script = faultScript.make<{ readonly method: string; readonly url: URL }>(transport)
    const check = makeCheck(options)

    const isRejected = (token: Issued) => Effect.map(Ref.get(rejects), (rejects) => rejects(token))
    const coded = encode(options.contentCoding ?? "identity")

    const respond = (incoming: host.Incoming, note: (more: Partial<Call>) => void): Effect.Effect<Response> =>
      Effect.gen(function*() {
        const header = incoming.headers["authorization"] ?? ""
        // All that follows the scheme is the token: one with more behind it is another one.
        const [, scheme = "", value = ""] = /^(\S+)(?: +(.*))?$/.exec(header) ?? []
        const legacy = legacyToken(yield* Ref.get(legacyTokens), header)
        if (legacy !== undefined) {
          if (yield* isRejected(legacy)) return rejected(options, scheme)
          return checkScope(options, scheme, legacy) ?? (yield* handler(webRequest(incoming), legacy))
        }
        if (!isPresented(options, scheme, value)) return missing(options)
        const verdict = yield* verify(value)
        if (verdict._tag === "Inactive") return rejected(options, scheme)
        const { token } = verdict
        note({ token: token.number })
        if (yield* isRejected(token)) return rejected(options, scheme)
        return (yield* check(incoming, scheme, value, token)) ?? (yield* handler(webRequest(incoming), token))
      }).pipe(Effect.flatMap(coded))

    const handle = (incoming: host.Incoming) =>
      Effect.gen(function*() {
        const { headers, method, url } = incoming
        const at = (yield* Clock.currentTimeMillis) + passed()
        const userAgent = headers["user-agent"]
        const { complete, note } = yield* calls.add(
          { at, method, url: redactedUrl(url), userAgent, token: undefined, status: undefined }
        )
        const fault = yield* script.take({ method, url })
        return yield* faultScript.apply(fault, respond(incoming, note)).pipe(
          Effect.tap(({ status }) => Effect.sync(() => note({ status }))),
          complete
        )
      })

    return {
      baseUrl,
      faults: script.faults,
      calls: calls.entries,
      reject: (which) => Effect.zipRight(rules.check(rules.callback, which, "which"), Ref.set(rejects, which)),
      changeSecret: (id, secret) =>
        Effect.gen(function*() {
          const ids = (yield* Ref.get(legacyTokens)).map((token) => token.id)
          yield* rules.check(rules.oneOf(ids), id, "id")
          yield* rules.check(rules.text, secret, "secret")
          yield* Ref.update(legacyTokens, (all) => all.map((token) => token.id === id ? { ...token, secret } : token))
        }),
      host: { origin: new URL(baseUrl).origin, handle }
    }
  })

/** Returns the legacy token of a call, as the handler receives it. */
const legacyToken = (all: NonNullable<Options["legacyTokens"]>, header: string): Issued | undefined => {
  const given = readBasic(header, "raw")
  const found = all.find(({ id, secret }) => id === given?.id && secret === given.secret)
  return found === undefined ? undefined : {
    number: 0,
    value: Redacted.make(found.secret),
    clientId: found.id,
    scope: found.scope ?? [],
    audience: [],
    thumbprint: undefined,
    issuedAt: 0,
    expiresAt: Infinity,
    revoked: false,
    reason: undefined
  }
}

/** True if a call presents a token: credentials of another scheme are none. */
const isPresented = ({ legacyTokens = [] }: Options, scheme: string, value: string): boolean =>
  value !== "" && (["bearer", "dpop"].includes(scheme.toLowerCase()) || legacyTokens.length > 0)

const rejectionOf = ({ rejection = "bearer" }: Options): rejections.Rejection =>
  typeof rejection === "object" ? rejection : rejections.table[rejection]

const nonceOf = ({ requireNonce }: Options) => requireNonce === true ? { "dpop-nonce": nonce } : {}

const rejected = (options: Options, scheme: string) =>
  rejections.responseOf(rejectionOf(options), scheme, nonceOf(options))

const missing = (options: Options) => {
  const rejection = rejectionOf(options)
  return rejections.responseOf(rejection.missing ?? rejection, "Bearer", nonceOf(options))
}

const challenge = (options: Options, scheme: string, error: string, status = 401, more = "") =>
  new Response("", {
    status,
    headers: { "www-authenticate": `${scheme} realm="test", error="${error}"${more}`, ...nonceOf(options) }
  })

const checkScope = (options: Options, scheme: string, token: Issued): Response | undefined => {
  const { requiredScope = [] } = options
  return requiredScope.every((name) => token.scope.includes(name))
    ? undefined
    : challenge(options, scheme, "insufficient_scope", 403, `, scope="${requiredScope.join(" ")}"`)
}

/** Checks an active token against the call, for one API, which remembers the proofs that it has received. */
const makeCheck = (options: Options) => {
  const checkProof = proofs.make()
  const { audience } = options
  return (
    incoming: host.Incoming,
    scheme: string,
    accessToken: string,
    token: Issued
  ): Effect.Effect<Response | undefined> =>
    Effect.gen(function*() {
      const { headers, method, url } = incoming
      if (scheme !== (token.thumbprint === undefined ? "Bearer" : "DPoP")) {
        return rejected(options, scheme)
      }
      // RFC 8705 section 3: a token that is bound to a certificate is invalid on a connection without it.
      if (token.certificate !== undefined && token.certificate !== incoming.certificate?.thumbprint) {
        return rejected(options, scheme)
      }
      if (token.thumbprint !== undefined) {
        const proof = yield* checkProof(headers["dpop"] ?? "", { method, url, accessToken })
        if (proof._tag === "Invalid" || proof.thumbprint !== token.thumbprint) {
          return challenge(options, "DPoP", "invalid_dpop_proof")
        }
        if (options.requireNonce === true && proof.nonce !== nonce) return challenge(options, "DPoP", "use_dpop_nonce")
      }
      if (audience !== undefined && !token.audience.includes(audience)) {
        return rejected(options, scheme)
      }
      return checkScope(options, scheme, token)
    })
}

/** Creates the request of a handler. `Request` forbids `TRACE`, and a body with `GET`; HTTP does not. */
const webRequest = ({ body, headers, method, signal, url }: host.Incoming): Request => {
  const isForbidden = method === "TRACE" || ((method === "GET" || method === "HEAD") && body.length > 0)
  const request = new Request(url, {
    method: isForbidden ? "POST" : method,
    headers,
    ...(signal === undefined ? {} : { signal }),
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) })
  })
  return isForbidden ? Object.defineProperty(request, "method", { value: method }) : request
}

/**
 * Creates the API as a layer, from a handler.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<TestApi, InvalidConfig.InvalidConfig, TestAuthorizationServer> => Layer.effect(TestApi, make(options))

/**
 * Creates the API as a layer, from an `HttpApi`: the layer of `HttpApiBuilder`, with its groups.
 *
 * @internal
 */
export const layerHttpApi = <E, R>(
  api: Layer.Layer<httpApi.Api, E, R>,
  options: Omit<Options, "handler"> = {}
): Layer.Layer<TestApi, E | InvalidConfig.InvalidConfig, TestAuthorizationServer | Exclude<R, httpApi.Server>> =>
  Layer.effect(
    TestApi,
    Effect.flatMap(httpApi.handler, (handler) => make({ ...options, handler }))
  ).pipe(Layer.provide(api), Layer.provide(httpApi.layerServer)) as Layer.Layer<
    TestApi,
    E | InvalidConfig.InvalidConfig,
    TestAuthorizationServer | Exclude<R, httpApi.Server>
  >
