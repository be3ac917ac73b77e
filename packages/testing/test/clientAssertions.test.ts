/** Client assertions by the rules of servers, each with an assertion that another server accepts. */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer } from "effect"
import { exportJWK, generateKeyPair, SignJWT } from "jose"

const algorithms = ["RS256", "PS256", "ES256", "EdDSA", "HS256"] as const

type Algorithm = typeof algorithms[number]

const secret = "a secret of at least thirty-two bytes"

const generate = async () => {
  const pairs = await Promise.all(
    algorithms.filter((name) => name !== "HS256").map(async (name) => {
      const { privateKey, publicKey } = await generateKeyPair(name)
      return [name, { privateKey, jwk: await exportJWK(publicKey) }] as const
    })
  )
  return new Map<Algorithm, typeof pairs[number][1]>(pairs)
}

const generated = generate()

const keys = Effect.promise(() => generated)

interface Sent {
  readonly alg?: Algorithm
  readonly claims?: Readonly<Record<string, unknown>>
}

const network = (options: TestAuthorizationServer.Options) =>
  OAuthTest.layerHttpClient().pipe(
    Layer.provide(TestApi.layer()),
    Layer.provideMerge(TestAuthorizationServer.layer(options))
  )

/** Sends assertions one after the other, and returns the status and the problem of the last. */
const outcome = (
  pairs: Effect.Effect.Success<typeof keys>,
  options: TestAuthorizationServer.Options,
  sent: ReadonlyArray<Sent & { readonly client?: string }>
) =>
  Effect.gen(function*() {
    const { issuer, received, tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
    const http = yield* HttpClient.HttpClient
    for (const { alg = "RS256", claims = {}, client = `client-${alg}` } of sent) {
      const jti = crypto.randomUUID()
      const iat = Math.floor(Date.now() / 1000)
      const at = { iat, exp: iat + 60 }
      const key = pairs.get(alg)?.privateKey ?? new TextEncoder().encode(secret)
      const assertion = yield* Effect.promise(() =>
        new SignJWT({ iss: client, sub: client, aud: issuer, jti, ...at, ...claims }).setProtectedHeader({ alg }).sign(
          key
        )
      )
      yield* http.execute(
        HttpClientRequest.post(tokenUrl).pipe(HttpClientRequest.bodyUrlParams({
          grant_type: "client_credentials",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: assertion
        }))
      )
    }
    const last = (yield* received).at(-1)
    return { status: last?.status, problem: last?.problem }
  }).pipe(Effect.provide(network({
    audiences: [],
    clients: [
      ...[...pairs].map(([name, { jwk }]) => ({ id: `client-${name}`, keys: [jwk] })),
      { id: "client-HS256", secret, method: "client_secret_jwt" },
      { id: "second", keys: [...pairs].filter(([name]) => name === "RS256").map(([, { jwk }]) => jwk) }
    ],
    missingTarget: "accepted",
    ...options
  })))

const time = Math.floor(Date.now() / 1000)

/** An assertion, the server that accepts it, the one that rejects it, and a part of the problem. */
const cases: ReadonlyArray<
  readonly [
    name: string,
    sent: ReadonlyArray<Sent & { readonly client?: string }>,
    accepting: TestAuthorizationServer.Options | undefined,
    rejecting: TestAuthorizationServer.Options | undefined,
    problem: string
  ]
> = [
  ...algorithms.map((alg) =>
    [`by ${alg}`, [{ alg }], {}, { assertionAlgorithms: algorithms.filter((one) => one !== alg) }, alg] as const
  ),
  [
    "by RS256 where FAPI 2.0 holds",
    [{ alg: "RS256" }],
    {},
    { assertionAlgorithms: ["PS256", "ES256", "EdDSA"] },
    "RS256"
  ],
  ["by ES256 at Auth0", [{ alg: "ES256" }], {}, { server: "auth0" }, "ES256"],
  ["by PS256 at Auth0", [{ alg: "PS256" }], { server: "auth0" }, undefined, ""],
  ["that is large", [{ claims: { more: "a".repeat(2000) } }], {}, { assertionBytes: 2048 }, "2048"],
  ["of an hour", [{ claims: { exp: time + 3590 } }], { assertionLife: "1 hour" }, {}, "later than"],
  ["of 9 minutes", [{ claims: { exp: time + 540 } }], {}, { server: "auth0" }, "300 seconds"],
  ["without jti", [{ claims: { jti: undefined } }], { server: "okta", assertionAudiences: ["issuer"] }, {}, "jti"],
  ["without iat", [{ claims: { iat: undefined } }], {}, { assertionClaims: ["exp", "jti", "iat"] }, "iat"],
  ["issued in a minute", [{ claims: { iat: time + 60 } }], { assertionSkew: "2 minutes" }, {}, "iat"],
  ["that is used again", [{ claims: { jti: "1" } }, { claims: { jti: "1" } }], undefined, {}, "before"],
  [
    "with the id of another client's",
    [{ claims: { jti: "1" } }, { claims: { jti: "1" }, client: "second" }],
    {},
    undefined,
    ""
  ]
]

describe("client assertions", () => {
  for (const [name, sent, accepting, rejecting, problem] of cases) {
    it.live(name, () =>
      Effect.gen(function*() {
        const pairs = yield* keys
        if (accepting !== undefined) {
          const found = yield* outcome(pairs, { missingScope: "none", ...accepting }, sent)
          assert.deepStrictEqual(found, { status: 200, problem: undefined })
        }
        if (rejecting !== undefined) {
          const found = yield* outcome(pairs, { missingScope: "none", ...rejecting }, sent)
          assert.strictEqual(found.status, 401)
          assert.include(found.problem, problem)
        }
      }))
  }
})
