/**
 * Grants other than client credentials: the requests, the sources that are read again, and which callers share a token.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientAuthentication,
  ClientCredentials,
  Grant,
  InvalidConfig,
  OAuthError,
  SharedClientCredentials,
  TokenCache,
  TokenSeal,
  TokenStore,
  WorkloadIdentity
} from "@effect-oauth/client-credentials"
import { Effect, Either, Layer, Redacted, Ref, TestClock } from "effect"
import { exportPKCS8, generateKeyPair, jwtVerify } from "jose"

import * as fakeHttp from "./support/fakeHttp.js"
import { sealKey } from "./support/sealKey.js"

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** An identity token of a workload. Two with different ids are two tokens of one workload. */
const jwt = (subject: string, id: string, more: object = {}) =>
  `${base64url({ alg: "none" })}.${base64url({ iss: "https://cluster.example", sub: subject, jti: id, ...more })}.c2ln`

const api = { apiBaseUrl: "https://api.example.com" }

const tokenUrl = "https://auth.example.com/token"

const json = (body: object, status = 200) => Response.json(body, { status })

/**
 * An authorization server that returns the responses in order, repeating the last one, and an API that echoes the
 * token.
 */
const network = (answers: ReadonlyArray<(parameters: URLSearchParams) => Response>) => {
  let count = 0
  return fakeHttp.make((sent) =>
    Effect.sync(() => {
      if (sent.url.startsWith(api.apiBaseUrl)) return new Response(sent.headers["authorization"])
      const answer = answers[Math.min(count++, answers.length - 1)]
      return answer?.(new URLSearchParams(sent.body)) ?? json({}, 500)
    })
  )
}

let issued = 0
const token = (more: object = {}) => () =>
  json({ access_token: `token-${++issued}`, token_type: "Bearer", expires_in: 3600, ...more })

const rejected = () => json({ error: "invalid_grant" }, 400)

const requests = ({ sent }: ReturnType<typeof network>) => sent.filter(({ url }) => url.startsWith(tokenUrl))

const call = Effect.flatMap(ApiClient.ApiClient, (client) => Effect.flatMap(client.get("/items"), ({ text }) => text))

const client = (http: ReturnType<typeof network>, options: Partial<ClientCredentials.Options>) =>
  Layer.provide(
    ClientCredentials.layer({ tokenUrl, ...api, ...options } as ClientCredentials.Options),
    http.layer
  )

/** Returns the request that one call sends to the token endpoint. */
const sentBy = (options: Partial<ClientCredentials.Options>) =>
  Effect.gen(function*() {
    const http = network([token()])
    yield* Effect.provide(call, client(http, options))
    const [request] = requests(http)
    return request ?? assert.fail("nothing was sent")
  })

const parametersOf = ({ body }: fakeHttp.Sent) => Object.fromEntries(new URLSearchParams(body))

const workload = Redacted.make(jwt("a", "1"))

describe("the token request contains", () => {
  it.effect("a JWT as the assertion (RFC 7523 section 2.1), without a client id", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(parametersOf(yield* sentBy({ grant: Grant.jwtBearer(workload), scope: "items" })), {
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        scope: "items",
        assertion: Redacted.value(workload)
      })
    }))

  it.effect("the same as JSON with the parameters of the server, as the Claude API requires", () =>
    Effect.gen(function*() {
      const { body, headers } = yield* sentBy({
        grant: Grant.jwtBearer(Effect.succeed(workload)),
        requestFormat: "json",
        parameters: { federation_rule_id: "fdrl_1", organization_id: "org", service_account_id: "svac_1" }
      })
      assert.strictEqual(headers["content-type"] ?? "application/json", "application/json")
      assert.deepStrictEqual(JSON.parse(body), {
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        federation_rule_id: "fdrl_1",
        organization_id: "org",
        service_account_id: "svac_1",
        assertion: Redacted.value(workload)
      })
    }))

  it.effect("a token exchange as JSON, as the OpenAI API requires", () =>
    Effect.gen(function*() {
      const { body } = yield* sentBy({
        grant: Grant.tokenExchange({ subject: workload }),
        requestFormat: "json",
        parameters: { identity_provider_id: "idp_1", service_account_id: "sa_1" }
      })
      assert.deepStrictEqual(JSON.parse(body), {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        identity_provider_id: "idp_1",
        service_account_id: "sa_1",
        subject_token: Redacted.value(workload)
      })
    }))

  it.effect("the example of RFC 8693 section 2.3, with an authenticated client", () =>
    Effect.gen(function*() {
      const request = yield* sentBy({
        clientId: "rs08",
        clientSecret: Redacted.make("long-secure-random-secret"),
        clientAuthentication: "client_secret_basic",
        grant: Grant.tokenExchange({
          subject: Redacted.make("accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC"),
          subjectType: "access_token"
        }),
        resource: "https://backend.example.com/api"
      })
      assert.strictEqual(request.headers["authorization"], "Basic cnMwODpsb25nLXNlY3VyZS1yYW5kb20tc2VjcmV0")
      assert.deepStrictEqual(parametersOf(request), {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        resource: "https://backend.example.com/api",
        subject_token: "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC",
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token"
      })
    }))

  it.effect("a subject with an actor (RFC 8693 section 2.1), and the id of a client without a secret", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        parametersOf(
          yield* sentBy({
            clientId: "agent",
            grant: Grant.tokenExchange({
              subject: Redacted.make("subject"),
              subjectType: "id_token",
              actor: workload,
              requestedType: "urn:example:type"
            })
          })
        ),
        {
          grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
          subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
          actor_token_type: "urn:ietf:params:oauth:token-type:jwt",
          requested_token_type: "urn:example:type",
          subject_token: "subject",
          actor_token: Redacted.value(workload),
          client_id: "agent"
        }
      )
    }))

  for (
    const [type, assertionType] of [
      ["jwt", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
      ["spiffe", "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"]
    ] as const
  ) {
    it.effect(`an identity token as the client assertion (${type})`, () =>
      Effect.gen(function*() {
        const clientAuthentication = ClientAuthentication.workloadIdentity(Effect.succeed(workload), { type })
        assert.deepStrictEqual(parametersOf(yield* sentBy({ clientId: "entra", clientAuthentication })), {
          grant_type: "client_credentials",
          client_id: "entra",
          client_assertion_type: assertionType,
          client_assertion: Redacted.value(workload)
        })
      }))
  }

  it.effect("an assertion signed with the configured key, a new one for each request", () =>
    Effect.gen(function*() {
      const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair("RS256", { extractable: true }))
      const key = Redacted.make(yield* Effect.promise(() => exportPKCS8(privateKey)))
      const grant = Grant.signedAssertion({
        issuer: "inventory@acme.example",
        subject: "user@acme.example",
        key,
        keyId: "2026-11",
        claims: { scope: "items" }
      })
      // The server omits expires_in: the lifetime of the assertion is not that of the token.
      const http = network([() => json({ access_token: "issued", token_type: "Bearer" })])
      const tokens = yield* Effect.forEach([1, 2], () =>
        Effect.provide(
          Effect.flatMap(TokenCache.TokenCache, ({ get }) => get),
          Layer.fresh(client(http, { grant }))
        ))
      assert.deepStrictEqual(tokens.map(({ expiresAt }) => expiresAt), [3_600_000, 3_600_000])
      const assertions = requests(http).map((sent) => parametersOf(sent)["assertion"] ?? "")
      assert.strictEqual(new Set(assertions).size, 2)
      for (const assertion of assertions) {
        const { payload, protectedHeader } = yield* Effect.promise(() =>
          jwtVerify(assertion, publicKey, { audience: tokenUrl, currentDate: new Date(0) })
        )
        assert.deepStrictEqual(protectedHeader, { alg: "RS256", kid: "2026-11", typ: "JWT" })
        const { jti, ...claims } = payload
        assert.isString(jti)
        assert.deepStrictEqual(claims, {
          iss: "inventory@acme.example",
          sub: "user@acme.example",
          aud: tokenUrl,
          scope: "items",
          iat: 0,
          exp: 60
        })
      }
      const rejecting = network([rejected])
      yield* Effect.either(Effect.provide(call, client(rejecting, { grant, tokenCache: { retryTimeout: 0 } })))
      assert.strictEqual(requests(rejecting).length, 1)
    }))

  it.effect("a custom grant", () =>
    Effect.gen(function*() {
      const grant = Grant.custom("account_credentials", { parameters: { account_id: "1" } })
      assert.deepStrictEqual(parametersOf(yield* sentBy({ clientId: "zoom", grant })), {
        grant_type: "account_credentials",
        account_id: "1",
        client_id: "zoom"
      })
    }))
})

describe("after a rejected token request", () => {
  const source = (...values: ReadonlyArray<string>) =>
    Effect.map(Ref.make(0), (reads) => ({
      reads,
      read: Effect.map(
        Ref.getAndUpdate(reads, (count) => count + 1),
        (count) => Redacted.make(values[Math.min(count, values.length - 1)] ?? "")
      )
    }))

  const grants = {
    "an assertion": (read: Effect.Effect<Redacted.Redacted<string>, unknown>) => Grant.jwtBearer(read),
    "a subject": (read: Effect.Effect<Redacted.Redacted<string>, unknown>) => Grant.tokenExchange({ subject: read })
  }
  for (const [name, grant] of Object.entries(grants)) {
    it.effect(`${name} is read again, and sent once more when it was replaced`, () =>
      Effect.gen(function*() {
        const { read } = yield* source(jwt("a", "1"), jwt("a", "2"), jwt("a", "3"))
        const http = network([rejected, token()])
        yield* Effect.provide(call, client(http, { grant: grant(read) }))
        const [first, second] = requests(http).map(parametersOf)
        assert.strictEqual(requests(http).length, 2)
        assert.include(Object.values(first ?? {}), jwt("a", "1"))
        assert.include(Object.values(second ?? {}), jwt("a", "2"))
      }))

    it.effect(`${name} that cannot be read again leaves the error of the server`, () =>
      Effect.gen(function*() {
        let reads = 0
        const identity = Effect.suspend(() => reads++ === 0 ? Effect.succeed(workload) : Effect.fail("away"))
        const http = network([rejected])
        const error = yield* Effect.flip(
          Effect.provide(call, client(http, { grant: grant(identity), tokenCache: { retryTimeout: 0 } }))
        )
        assert.strictEqual(error._tag, "TokenErrorResponse")
      }))

    it.effect(`${name} is not dated by the clock of the server`, () =>
      Effect.gen(function*() {
        const skewed = () =>
          Response.json({ error: "invalid_grant" }, {
            status: 400,
            headers: { date: "Thu, 01 Jan 1970 01:00:00 GMT" }
          })
        const http = network([skewed])
        yield* Effect.flip(
          Effect.provide(
            call,
            client(http, { grant: grant(Effect.succeed(workload)), tokenCache: { retryTimeout: 0 } })
          )
        )
        assert.strictEqual(requests(http).length, 1)
      }))

    it.effect(`${name} is read again when the server rejects the client, which has no other credential`, () =>
      Effect.gen(function*() {
        const { read } = yield* source(jwt("a", "1"), jwt("a", "2"))
        const http = network([() => json({ error: "invalid_client" }, 401), token()])
        yield* Effect.provide(call, client(http, { grant: grant(read) }))
        assert.strictEqual(requests(http).length, 2)
      }))

    it.effect(`${name} that was not replaced is not sent again`, () =>
      Effect.gen(function*() {
        const http = network([rejected])
        const outcome = yield* Effect.either(
          Effect.provide(
            call,
            client(http, { grant: grant(Effect.succeed(workload)), tokenCache: { retryTimeout: 0 } })
          )
        )
        assert(Either.isLeft(outcome) && outcome.left._tag === "TokenErrorResponse")
        assert.match(outcome.left.message, /rejected the token that the grant presents/)
        assert.strictEqual(requests(http).length, 1)
      }))

    it.effect(`${name} that is replaced each time is sent twice at most`, () =>
      Effect.gen(function*() {
        const { read } = yield* source(...Array.from({ length: 9 }, (_, index) => jwt("a", `${index}`)))
        const http = network([rejected])
        yield* Effect.either(
          Effect.provide(call, client(http, { grant: grant(read), tokenCache: { retryTimeout: 0 } }))
        )
        assert.strictEqual(requests(http).length, 2)
      }))
  }
})

it.effect("a subject is read again after invalid_request too (RFC 8693 section 2.2.2)", () =>
  Effect.gen(function*() {
    let reads = 0
    const subject = Effect.sync(() => Redacted.make(jwt("a", `${reads++}`)))
    const http = network([() => json({ error: "invalid_request" }, 400), token()])
    yield* Effect.provide(call, client(http, { grant: Grant.tokenExchange({ subject }) }))
    assert.strictEqual(requests(http).length, 2)
  }))

describe("the token that is issued", () => {
  const issued = (options: Partial<ClientCredentials.Options>, more: object) =>
    Effect.provide(
      Effect.flatMap(TokenCache.TokenCache, ({ get }) => Effect.either(get)),
      client(network([() => json({ access_token: "issued", token_type: "Bearer", ...more })]), options)
    )

  const expiring = Redacted.make(jwt("a", "1", { exp: 600 }))

  it.effect("expires no later than its subject when the response states no lifetime", () =>
    Effect.gen(function*() {
      const bounded = yield* issued({ grant: Grant.tokenExchange({ subject: expiring }) }, {})
      const stated = yield* issued({ grant: Grant.tokenExchange({ subject: expiring }) }, { expires_in: 3600 })
      const unbounded = yield* issued({ grant: Grant.tokenExchange({ subject: workload }) }, {})
      assert.deepStrictEqual(
        [bounded, stated, unbounded].map((one) => Either.isRight(one) ? one.right.expiresAt : one.left),
        [600_000, 3_600_000, 3_600_000]
      )
    }))

  it.effect("of a type other than access token belongs to another grant and is the requested one", () =>
    Effect.gen(function*() {
      const grant = Grant.tokenExchange({ subject: workload, requestedType: "id-jag" })
      const type = "urn:ietf:params:oauth:token-type:id-jag"
      const jag = yield* issued({ grant }, { token_type: "N_A", issued_token_type: type })
      const other = yield* issued({ grant }, {
        token_type: "N_A",
        issued_token_type: "urn:ietf:params:oauth:token-type:jwt"
      })
      const unrequested = yield* issued({ grant: Grant.tokenExchange({ subject: workload }) }, { token_type: "N_A" })
      assert.isTrue(Either.isRight(jag))
      for (const one of [other, unrequested]) assert(Either.isLeft(one) && one.left._tag === "InvalidTokenResponse")
    }))
})

describe("two chained grants", () => {
  const idJag = (value: string) => () =>
    json({
      access_token: value,
      token_type: "N_A",
      expires_in: 3600,
      issued_token_type: "urn:ietf:params:oauth:token-type:id-jag"
    })
  const presented = (http: ReturnType<typeof network>) =>
    requests(http).map((sent) => parametersOf(sent)["assertion"] ?? parametersOf(sent)["subject_token"])

  /** The second client, over the cache of the first one. */
  const both = (
    first: ReturnType<typeof network>,
    second: ReturnType<typeof network>,
    grant: (cache: TokenCache.TokenCache) => Grant.Grant = Grant.jwtBearer
  ) =>
    Layer.unwrapEffect(Effect.map(TokenCache.TokenCache, (cache) => client(second, { grant: grant(cache) }))).pipe(
      Layer.provide(
        client(first, { grant: Grant.tokenExchange({ subject: workload, requestedType: "id-jag" }) })
      )
    )

  /** Accepts only these tokens, for two minutes each. */
  const accepting = (accepted: ReadonlyArray<string>) =>
    network([(parameters) =>
      accepted.includes(parameters.get("assertion") ?? parameters.get("subject_token") ?? "")
        ? token({ expires_in: 120 })()
        : rejected()])

  it.effect("the second client presents the cached token of the first client", () =>
    Effect.gen(function*() {
      const [first, second] = [network([idJag("first-1")]), accepting(["first-1"])]
      yield* Effect.gen(function*() {
        yield* call
        yield* TestClock.adjust("2 minutes")
        yield* call
      }).pipe(Effect.provide(both(first, second)))
      assert.strictEqual(requests(first).length, 1)
      assert.deepStrictEqual(presented(second), ["first-1", "first-1"])
    }))

  for (
    const [name, grant] of [
      ["assertion", Grant.jwtBearer],
      ["subject", (cache: TokenCache.TokenCache) => Grant.tokenExchange({ subject: cache })],
      ["actor", (cache: TokenCache.TokenCache) => Grant.tokenExchange({ subject: workload, actor: cache })]
    ] as const
  ) {
    it.effect(`a rejected ${name} is replaced once, and the other one stays cached`, () =>
      Effect.gen(function*() {
        const first = network([idJag("first-1"), idJag("first-2"), idJag("first-3")])
        const accepts = (parameters: URLSearchParams) => [...parameters.values()].includes("first-2")
        const second = network([(parameters) => accepts(parameters) ? token({ expires_in: 120 })() : rejected()])
        yield* Effect.gen(function*() {
          yield* call
          yield* TestClock.adjust("2 minutes")
          yield* call
        }).pipe(Effect.provide(both(first, second, grant)))
        assert.strictEqual(requests(first).length, 2)
        assert.deepStrictEqual(requests(second).map(({ body }) => /first-\d/.exec(body)?.[0]), [
          "first-1",
          "first-2",
          "first-2"
        ])
      }))
  }

  it.effect("a server that rejects each token costs the first client one more token a minute", () =>
    Effect.gen(function*() {
      const [first, second] = [network([idJag("first-1"), idJag("first-2"), idJag("first-3")]), accepting([])]
      yield* Effect.gen(function*() {
        for (let seconds = 0; seconds < 60; seconds += 5) {
          assert.strictEqual((yield* Effect.flip(call))._tag, "TokenErrorResponse")
          yield* TestClock.adjust("5 seconds")
        }
        assert.strictEqual(requests(first).length, 2)
        yield* TestClock.adjust("1 minute")
        yield* Effect.flip(call)
        assert.strictEqual(requests(first).length, 3)
      }).pipe(Effect.provide(both(first, second)))
    }))

  it.effect("tokens that are accepted in place of rejected ones end the pauses", () =>
    Effect.gen(function*() {
      let count = 0
      const first = network([() => idJag(`first-${++count}`)()])
      // Each token is accepted until an hour later.
      let valid = 1
      const second = network([
        (parameters) => parameters.get("assertion") === `first-${valid}` ? token({ expires_in: 120 })() : rejected()
      ])
      yield* Effect.gen(function*() {
        for (; valid <= 6; valid += 1) {
          yield* call
          assert.strictEqual(requests(first).length, valid)
          yield* TestClock.adjust("20 minutes")
        }
      }).pipe(Effect.provide(both(first, second)))
    }))

  it.effect("an error of the first client is an identity token error with its reason, and nothing is sent", () =>
    Effect.gen(function*() {
      for (
        const [answer, retryable, reason] of [
          [json({ error: "invalid_client" }, 401), false, "invalid_client"],
          [json({}, 503), true, "503"]
        ] as const
      ) {
        const [first, second] = [network([() => answer.clone()]), accepting([])]
        const [error] = yield* Effect.all([Effect.flip(call), TestClock.adjust("1 minute")], { concurrency: 2 }).pipe(
          Effect.provide(both(first, second))
        )
        assert.instanceOf(error, OAuthError.CredentialUnavailable)
        assert.include(error.message, reason)
        assert.match(error.message, /[^.]\. Check the client whose token is presented\.$/)
        assert.strictEqual(error.retryable, retryable)
        assert.deepStrictEqual(requests(second), [])
      }
    }))
})

describe("a shared token", () => {
  const shared = (
    http: ReturnType<typeof network>,
    store: TokenStore.TokenStore,
    options: Partial<ClientCredentials.Options>
  ) =>
    SharedClientCredentials.layer({ tokenUrl, ...api, ...options } as SharedClientCredentials.Options).pipe(
      Layer.provide([http.layer, Layer.succeed(TokenStore.TokenStore, store), TokenSeal.layer([sealKey(1)])])
    )

  const requested = (...clients: ReadonlyArray<Partial<ClientCredentials.Options>>) =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const http = network([token()])
      for (const options of clients) yield* Effect.provide(call, Layer.fresh(shared(http, store, options)))
      return requests(http).length
    })

  const of = (identity: string) => ({
    "by an assertion": { grant: Grant.jwtBearer(Redacted.make(identity)) },
    "by a token exchange": { grant: Grant.tokenExchange({ subject: Redacted.make(identity), actor: workload }) },
    "by a client assertion": {
      clientId: "entra",
      clientAuthentication: ClientAuthentication.workloadIdentity(Redacted.make(identity))
    }
  })

  for (const name of ["by an assertion", "by a token exchange", "by a client assertion"] as const) {
    it.effect(`${name} is keyed by its workload: it survives a rotated identity, and another workload does not get it`, () =>
      Effect.gen(function*() {
        const [first, rotated, other] = [jwt("a", "1"), jwt("a", "2"), jwt("b", "1")].map((one) => of(one)[name])
        assert.strictEqual(yield* requested(first ?? {}, rotated ?? {}), 1)
        assert.strictEqual(yield* requested(first ?? {}, other ?? {}), 2)
      }))
  }

  it.effect("with other parameters of the grant is another token", () =>
    Effect.gen(function*() {
      const of = (requestedType: string) => ({ grant: Grant.tokenExchange({ subject: workload, requestedType }) })
      assert.strictEqual(yield* requested(of("access_token"), of("urn:example:other")), 2)
    }))

  it.effect("is not shared while its workload cannot be read", () =>
    Effect.gen(function*() {
      const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
      const http = network([token()])
      const tokens: Array<string> = []
      for (const name of ["a", "b"]) {
        let reads = 0
        const identity = Effect.suspend(() =>
          reads++ === 0 ? Effect.fail("not yet") : Effect.succeed(Redacted.make(jwt(name, "1")))
        )
        for (
          const options of [
            { grant: Grant.jwtBearer(identity) },
            { clientId: "entra", clientAuthentication: ClientAuthentication.workloadIdentity(identity) }
          ]
        ) {
          reads = 0
          tokens.push(yield* Effect.provide(call, Layer.fresh(shared(http, store, options))))
        }
      }
      assert.strictEqual(new Set(tokens).size, 4)
    }))

  it.effect("of a user is keyed by the service that acts for the user", () =>
    Effect.gen(function*() {
      const user = Redacted.make("token-of-a-user")
      const services = ["a", "b"].map((name) => Redacted.make(jwt(name, "1")))
      for (
        const grants of [
          services.map((actor) => Grant.tokenExchange({ subject: "onBehalfOf", actor })),
          services.map((subject) => Grant.tokenExchange({ subject, actor: "onBehalfOf" }))
        ]
      ) {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        const http = network([token()])
        for (const grant of grants) {
          const options = { grant, sharedTokens: { onBehalfOf: true } }
          yield* Effect.provide(Grant.onBehalfOf(user)(call), Layer.fresh(shared(http, store, options)))
        }
        assert.strictEqual(requests(http).length, 2)
      }
    }))

  it.effect("by a custom grant is shared under its owner, and not shared without one", () =>
    Effect.gen(function*() {
      const present = () => Effect.succeed({ parameters: { device: "1" } })
      const owned = { clientId: "a", grant: Grant.custom("device", { present, owner: Effect.succeed("1") }) }
      const ownerless = { clientId: "a", grant: Grant.custom("device", { present }) }
      assert.strictEqual(yield* requested(owned, owned), 1)
      assert.strictEqual(yield* requested(ownerless, ownerless), 2)
    }))

  it.effect("of a user is not stored unless the option allows it", () =>
    Effect.gen(function*() {
      const user = Redacted.make("token-of-a-user")
      for (const [onBehalfOf, expected] of [[undefined, 2], [true, 1]] as const) {
        const store = yield* Effect.provide(TokenStore.TokenStore, TokenStore.layerMemory)
        const http = network([token()])
        const options = { grant: Grant.jwtBearer("onBehalfOf"), sharedTokens: { onBehalfOf } }
        for (const _ of [1, 2]) {
          yield* Effect.provide(Grant.onBehalfOf(user)(call), Layer.fresh(shared(http, store, options)))
        }
        assert.strictEqual(requests(http).length, expected)
      }
    }))
})

describe("on behalf of users", () => {
  const grants = {
    "JWT bearer": Grant.jwtBearer("onBehalfOf"),
    "token exchange": Grant.tokenExchange({ subject: "onBehalfOf" })
  }
  for (const [name, grant] of Object.entries(grants)) {
    it.effect(`each has a token, requested once (${name})`, () =>
      Effect.gen(function*() {
        const http = network([token()])
        const users = ["alice", "bob"].map((name) => Redacted.make(name))
        const texts = yield* Effect.forEach([...users, ...users], (user) => Grant.onBehalfOf(user)(call)).pipe(
          Effect.provide(client(http, { grant }))
        )
        assert.strictEqual(requests(http).length, 2)
        assert.deepStrictEqual(texts.slice(2), texts.slice(0, 2))
        assert.strictEqual(new Set(texts).size, 2)
      }))
  }

  it.effect("the capacity limits the number of cached tokens", () =>
    Effect.gen(function*() {
      const http = network([token()])
      const cached = yield* Effect.gen(function*() {
        for (let user = 0; user < 50; user++) yield* Grant.onBehalfOf(Redacted.make(`user-${user}`))(call)
        return yield* Effect.flatMap(TokenCache.TokenCache, ({ cached }) => cached)
      }).pipe(Effect.provide(client(http, { grant: Grant.jwtBearer("onBehalfOf"), tokenCache: { capacity: 5 } })))
      assert.isAtMost(cached.length, 6)
    }))

  it.effect("a missing user is not taken from an enclosing region", () =>
    Effect.gen(function*() {
      const http = network([token()])
      const error = yield* call.pipe(
        Grant.onBehalfOf(undefined as never),
        Grant.onBehalfOf(Redacted.make("alice")),
        Effect.provide(client(http, { grant: Grant.jwtBearer("onBehalfOf") })),
        Effect.flip
      )
      assert(error instanceof InvalidConfig.InvalidConfig)
      assert.deepStrictEqual(requests(http), [])
    }))

  it.effect("a call without a user, and a user at a client whose grant has none, send nothing", () =>
    Effect.gen(function*() {
      const http = network([token()])
      const without = yield* Effect.flip(Effect.provide(call, client(http, { grant: Grant.jwtBearer("onBehalfOf") })))
      const useless = yield* Effect.flip(Effect.provide(
        Grant.onBehalfOf(Redacted.make("alice"))(call),
        client(http, { clientId: "a", clientSecret: Redacted.make("s3cr3t") })
      ))
      for (const error of [without, useless]) {
        assert(error instanceof OAuthError.CredentialUnavailable)
        assert.isFalse(error.retryable)
        assert.match(error.message, /onBehalfOf/)
      }
      assert.deepStrictEqual(requests(http), [])
    }))
})

describe("a source", () => {
  it.effect("may return any value in a custom grant", () =>
    Effect.gen(function*() {
      const present: ReadonlyArray<() => never> = [
        () => undefined as never,
        () => Effect.succeed({}) as never,
        () => Effect.die(new Error("s3cr3t")) as never,
        () => {
          throw new Error("s3cr3t")
        }
      ]
      for (const one of present) {
        const error = yield* Effect.flip(Effect.provide(
          call,
          client(network([token()]), {
            clientId: "a",
            grant: Grant.custom("own", { present: one }),
            tokenCache: { retryTimeout: 0 }
          })
        ))
        assert(error instanceof OAuthError.CredentialUnavailable)
        assert.notInclude(error.message, "s3cr3t")
      }
    }))

  it.effect("may return an end later than any date without a defect", () =>
    Effect.gen(function*() {
      const identity = Redacted.make(jwt("a", "1", { exp: 99_999_999_999_999 }))
      const http = network([rejected])
      const error = yield* Effect.flip(Effect.provide(
        call,
        client(http, { grant: Grant.jwtBearer(identity), tokenCache: { retryTimeout: 0 } })
      ))
      assert.strictEqual(error._tag, "TokenErrorResponse")
    }))
})

describe("invalid options", () => {
  const wrong: Readonly<Record<string, readonly [Partial<ClientCredentials.Options>, RegExp]>> = {
    "a subject in clear": [{ grant: Grant.tokenExchange({ subject: "subject" as never }) }, /grant\.subject/],
    "an assertion in clear": [{ grant: Grant.jwtBearer("assertion" as never) }, /grant\.assertion/],
    "no options": [{ grant: Grant.tokenExchange(undefined as never) }, /grant\.subject/],
    "a misspelt option": [
      { grant: Grant.tokenExchange({ subject: workload, subjecttype: "jwt" } as never) },
      /subjecttype/
    ],
    "an invalid type": [{ grant: Grant.tokenExchange({ subject: workload, subjectType: "token" }) }, /subjectType/],
    "an actor's type without an actor": [
      { grant: Grant.tokenExchange({ subject: workload, actorType: "jwt" }) },
      /grant\.actorType/
    ],
    "claims with their own options": [
      { grant: Grant.signedAssertion({ issuer: "a", key: workload, claims: { iss: "b" } }) },
      /grant\.claims/
    ],
    "a key that cannot sign": [{ grant: Grant.signedAssertion({ issuer: "a", key: workload }) }, /grant\.key/],
    "an assertion without an issuer": [
      { grant: Grant.signedAssertion({ key: workload } as never) },
      /grant\.issuer/
    ],
    "a source without an audience": [
      { grant: Grant.jwtBearer(WorkloadIdentity.gitHubActions({ audience: undefined as never })) },
      /grant\.assertion: .*the audience is not a string of one or more characters/
    ],
    "a source without options": [
      { grant: Grant.tokenExchange({ subject: WorkloadIdentity.azureManagedIdentity(undefined as never) }) },
      /grant\.subject: .*the resource is not a string of one or more characters/
    ],
    "an actor without a service account": [
      {
        grant: Grant.tokenExchange({
          subject: workload,
          actor: WorkloadIdentity.googleMetadata({ audience: "a", serviceAccount: "" })
        })
      },
      /grant\.actor: .*the service account is not a string of one or more characters/
    ],
    "a client assertion without a path": [
      { clientId: "a", clientAuthentication: ClientAuthentication.workloadIdentity(WorkloadIdentity.file("")) },
      /clientAuthentication\.identity: .*the path is not a string of one or more characters/
    ],
    "something else": [{ grant: "client_credentials" as never }, /grant/],
    "a misspelt option of a custom grant": [
      { clientId: "a", grant: Grant.custom("own", { parameter: {} } as never) },
      /grant\.parameter/
    ],
    "a parameter with a dedicated option": [
      { clientId: "a", grant: Grant.custom("own", { parameters: { scope: "items" } }) },
      /grant\.parameters/
    ],
    "no client id with a secret": [{ grant: Grant.jwtBearer(workload), clientSecret: Redacted.make("a") }, /clientId/],
    "no client id with an assertion": [
      { clientAuthentication: ClientAuthentication.workloadIdentity(workload) },
      /clientId/
    ],
    "no grant without authentication": [{ clientId: "a", clientAuthentication: "none" }, /clientAuthentication/],
    "a parameter of the grant": [
      { grant: Grant.jwtBearer(workload), parameters: { assertion: "other" } },
      /parameters/
    ]
  }
  for (const [name, [options, expected]] of Object.entries(wrong)) {
    it.effect(`${name} is an InvalidConfig that names it`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Effect.provide(call, client(network([token()]), options)))
        assert(error instanceof InvalidConfig.InvalidConfig)
        assert.match(error.message, expected)
      }))
  }
})
