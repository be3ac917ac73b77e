/**
 * A call carries the token of its request: requests that differ in a field have different tokens.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  AccessToken,
  ApiClient,
  Authorization,
  ClientConfig,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenRequest,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { Clock, Context, Effect, Equal, FastCheck as fc, Layer, Redacted, type Scope } from "effect"

import * as tokenRequests from "../src/internal/models/tokenRequests.js"
import * as fakeHttp from "./support/fakeHttp.js"
import { runs } from "./support/runs.js"
import { sealKey } from "./support/sealKey.js"

/** The data of a request. `endpoint` is derived, and `pipe` is a method that data has in Effect 4. */
type Field = Exclude<keyof TokenRequest.TokenRequest, "endpoint" | "pipe">
type Fields = { readonly [F in Field]: TokenRequest.TokenRequest[F] }

const word = fc.stringMatching(/^[a-z]{1,6}$/)
const optional = fc.option(word, { nil: undefined })

/** The values of each field; a field that is added to the request does not compile without its values here. */
const fields: { readonly [F in Field]: fc.Arbitrary<Fields[F]> } = {
  issuer: optional.map((name) => name === undefined ? undefined : `https://${name}.example`),
  tokenUrl: optional.map((name) => name === undefined ? undefined : `https://auth.example/token?tenant=${name}`),
  clientId: word,
  clientAuthentication: fc.constantFrom(undefined, "client_secret_post", "client_secret_basic", "private_key_jwt"),
  grant: fc.constantFrom("grant_type=client_credentials", "grant_type=custom&account=1", "grant_type=custom&account=2"),
  subject: fc.option(word.map((token) => Redacted.make(token)), { nil: undefined }),
  requestFormat: fc.constantFrom("form", "json"),
  audience: optional,
  scope: fc.oneof(fc.constant(""), word),
  resource: fc.oneof(fc.constant(""), word.map((name) => `urn:${name}`)),
  authorizationDetails: fc.oneof(fc.constant(""), word.map((type) => JSON.stringify([{ type }]))),
  parameters: fc.oneof(fc.constant(""), word.map((name) => `organization=${name}`)),
  dpopThumbprint: fc.constant(undefined),
  certificateThumbprint: optional
}

/** The values of each option of overrides: two different ones request different tokens. */
const details = fc.array(fc.record({ type: word, amount: fc.integer({ min: 0, max: 9 }) }), { maxLength: 2 })
const changes: { readonly [C in keyof Required<TokenRequest.Overrides>]: fc.Arbitrary<TokenRequest.Overrides[C]> } = {
  audience: word,
  scope: fc.uniqueArray(word, { maxLength: 2 }),
  resource: fc.uniqueArray(word.map((name) => `urn:${name}`), { maxLength: 2 }),
  authorizationDetails: details,
  onBehalfOf: word.map((token) => Redacted.make(token)),
  parameters: fc.dictionary(fc.constantFrom("organization", "tier"), word, { noNullPrototype: true }),
  additionalParameters: fc.dictionary(fc.constantFrom("organization", "claims"), word, { noNullPrototype: true })
}

const options: ClientConfig.Options = {
  tokenUrl: "https://auth.example/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example"
}

/** An API that returns the token it was called with, and a token endpoint that numbers the tokens it issues. */
const world = Effect.gen(function*() {
  const requests: Array<TokenRequest.TokenRequest> = []
  const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
  const http = fakeHttp.make((sent) => Effect.sync(() => new Response(sent.headers["authorization"])))

  const start = (request: TokenRequest.TokenRequest, shared: boolean) => {
    const endpoint = Layer.succeed(TokenEndpoint.TokenEndpoint, {
      request,
      requestToken: (wanted) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          requests.push(wanted)
          const token = new AccessToken.AccessToken({
            value: Redacted.make(`token-${requests.length}`),
            scope: undefined,
            requestedAt: now,
            expiresAt: now + 86_400_000
          })
          return { token, quotas: [] }
        })
    })
    const sharing = SharedTokens.layer({ onBehalfOf: true }).pipe(
      Layer.provide([
        endpoint,
        TokenSeal.layer([sealKey(1)]),
        Layer.succeed(TokenStore.TokenStore, store)
      ])
    )
    const client = Layer.fresh(ApiClient.layer.pipe(
      Layer.provide(Authorization.layer),
      Layer.provide(TokenCache.layer()),
      Layer.provide(shared ? sharing : endpoint),
      Layer.provide(ClientConfig.layer(options)),
      Layer.provide(http.layer)
    ))
    return Effect.map(Layer.build(client), Context.get(ApiClient.ApiClient))
  }
  return { requests, start }
})

/** The token that the call carried. */
const call = (client: ApiClient.Client, change: TokenRequest.Overrides = {}) =>
  Effect.flatMap(client.get("/items"), ({ text }) => text).pipe(TokenRequest.withOverrides(change))

const request = fc.record(fields).map((data) => new TokenRequest.TokenRequest(data))

const pairs = runs("pairs of requests that differ in a field", { quick: 5, full: 15 })

const holds = <A>(
  values: fc.Arbitrary<A>,
  check: (value: A) => Effect.Effect<void, unknown, Scope.Scope>,
  numRuns = pairs
) =>
  Effect.promise(() =>
    fc.assert(fc.asyncProperty(values, (value) => Effect.runPromise(Effect.scoped(check(value)))), { numRuns })
  )

/** Takes half a second each, longer on a busy machine. */
const limit = 300_000

describe("a separate token for each request", () => {
  for (const field of Object.keys(fields) as ReadonlyArray<Field>) {
    it.effect(`that differs in ${field}, also where clients share a store`, () =>
      holds(
        fc.tuple(request, fields[field] as fc.Arbitrary<string | undefined>),
        ([one, value]) =>
          Effect.gen(function*() {
            // A token that is bound to a key is never stored.
            const changed = field === "dpopThumbprint" ? "thumbprint" : value
            const other = new TokenRequest.TokenRequest({ ...one, [field]: changed })
            const isSame = Equal.equals(one[field], changed)
            const { requests, start } = yield* world
            const first = yield* call(yield* start(one, true))
            const second = yield* call(yield* start(other, true))
            assert.strictEqual(second === first, isSame)
            assert.deepStrictEqual(requests, isSame ? [one] : [one, other])
            // The same fields, written in another order, are the same request.
            const reversed = new TokenRequest.TokenRequest(
              Object.fromEntries(Object.entries(one).reverse()) as unknown as Fields
            )
            assert.strictEqual(yield* call(yield* start(reversed, true)), first)
          })
      ))
  }

  for (const option of Object.keys(changes) as ReadonlyArray<keyof TokenRequest.Overrides>) {
    for (const shared of [false, true]) {
      it.effect(`that withOverrides changes in ${option}${shared ? ", where clients share a store" : ""}`, () =>
        holds(
          fc.tuple(request, changes[option] as fc.Arbitrary<unknown>, changes[option] as fc.Arbitrary<unknown>),
          ([configured, one, other]) =>
            Effect.gen(function*() {
              const { requests, start } = yield* world
              const client = yield* start(configured, shared)
              const wanted = [{}, { [option]: one }, { [option]: other }]
              const asked = wanted.map((change) => tokenRequests.override(configured, change))
              const distinct = asked.filter((one, index) =>
                asked.findIndex((earlier) => Equal.equals(earlier, one)) === index
              )
              const tokens = yield* Effect.forEach([...wanted, ...wanted], (change) => call(client, change))
              assert.strictEqual(requests.length, distinct.length)
              assert.deepStrictEqual(tokens.slice(3), tokens.slice(0, 3))
              for (const [index, token] of tokens.slice(0, 3).entries()) {
                const number = Number(/token-(\d+)$/.exec(token)?.[1])
                assert.deepStrictEqual(requests[number - 1], asked[index])
              }
            })
        ), limit)
    }
  }

  it.effect("and one token for requests that are written differently and are equal", () =>
    Effect.gen(function*() {
      const { requests, start } = yield* world
      const client = yield* start(
        tokenRequests.make({ clientId: "one", tokenUrl: "https://auth.example/token" }),
        false
      )
      const both = (one: TokenRequest.Overrides, other: TokenRequest.Overrides) =>
        Effect.gen(function*() {
          assert.strictEqual(yield* call(client, one), yield* call(client, other))
        })
      yield* both({ scope: ["b", "a"] }, { scope: "a b a" })
      yield* both({ resource: ["urn:b", "urn:a"] }, { resource: "urn:a urn:b" })
      yield* both({ parameters: { tier: "2", organization: "x" } }, { parameters: { organization: "x", tier: "2" } })
      yield* both(
        { authorizationDetails: [{ type: "payment", to: { iban: "DE1", name: "A" } }] },
        { authorizationDetails: [{ to: { name: "A", iban: "DE1" }, type: "payment" }] }
      )
      assert.lengthOf(requests, 4)
    }).pipe(Effect.scoped))

  it.effect("with additional parameters next to those of the configuration or of outer overrides", () =>
    Effect.gen(function*() {
      const { requests, start } = yield* world
      const client = yield* start(
        tokenRequests.make({
          clientId: "one",
          tokenUrl: "https://auth.example/token",
          parameters: { organization: "north", tier: "1" }
        }),
        false
      )
      yield* call(client, { additionalParameters: { claims: "a", tier: "2" } })
      yield* call(client, { additionalParameters: { max_age: "5" } }).pipe(
        TokenRequest.withOverrides({ additionalParameters: { claims: "b", max_age: "9" } })
      )
      yield* call(client, { additionalParameters: { claims: "c" }, parameters: { tier: "3" } })
      assert.deepStrictEqual(requests.map(({ parameters }) => parameters), [
        "claims=a&organization=north&tier=2",
        "claims=b&max_age=5&organization=north&tier=1",
        "claims=c&tier=3"
      ])
    }).pipe(Effect.scoped))

  it.effect("and not the token of outer overrides when an option of the inner ones is undefined", () =>
    Effect.gen(function*() {
      const { requests, start } = yield* world
      const client = yield* start(
        tokenRequests.make({ clientId: "one", tokenUrl: "https://auth.example/token" }),
        false
      )
      const north = { parameters: { organization: "north" } }
      const nothing = Object.fromEntries(Object.keys(changes).map((option) => [option, undefined]))
      const outer = yield* call(client, north)
      assert.strictEqual(yield* call(client, nothing).pipe(TokenRequest.withOverrides(north)), outer)
      const inner = yield* call(client, { parameters: undefined, audience: "a" }).pipe(
        TokenRequest.withOverrides(north)
      )
      assert.notStrictEqual(inner, outer)
      assert.deepStrictEqual(requests.map(({ parameters }) => parameters), ["organization=north", "organization=north"])
      assert.deepStrictEqual(requests.map(({ audience }) => audience), [undefined, "a"])
    }).pipe(Effect.scoped))
})
