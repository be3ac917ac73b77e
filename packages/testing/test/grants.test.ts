/** Grants that present a token of another issuer, on sockets, by the client of the library and by plain requests. */
import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials, Grant } from "@effect-oauth/client-credentials"
import * as Loopback from "@effect-oauth/testing/Loopback"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { Effect, Layer, Redacted } from "effect"
import { decodeJwt, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

const cluster = "https://cluster.example"
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
const types = "urn:ietf:params:oauth:token-type:"

/** A platform that issues identity tokens to its workloads. */
const platform = async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256")
  const jwk: JWK = { ...(await exportJWK(publicKey)), alg: "ES256" }
  const now = Math.floor(Date.now() / 1000)
  const issue = (audience: string | undefined, more: Readonly<Record<string, unknown>> = {}) =>
    new SignJWT({ iss: cluster, sub: "workload", ...(audience && { aud: audience }), exp: now + 600, ...more })
      .setProtectedHeader({ alg: "ES256" }).sign(privateKey)
  return { jwk, issue }
}

describe("the client of the library", () => {
  for (
    const [name, grantOf] of [
      ["jwtBearer", (subject: Redacted.Redacted<string>) => Grant.jwtBearer(subject)],
      ["tokenExchange", (subject: Redacted.Redacted<string>) => Grant.tokenExchange({ subject })]
    ] as const
  ) {
    for (const credentials of [{}, { clientId: "client", clientSecret: Redacted.make("secret") }]) {
      const isAnonymous = Object.keys(credentials).length === 0
      it.scopedLive(`${name}, ${isAnonymous ? "without" : "with"} a client`, () =>
        Effect.gen(function*() {
          const { issue, jwk } = yield* Effect.promise(platform)
          const { api, server } = yield* Loopback.start({
            server: {
              accessTokens: "jwt",
              trustedIssuers: [{ issuer: cluster, keys: [jwk] }],
              clients: [{ id: "client", secret: "secret" }]
            }
          })
          const subject = Redacted.make(yield* Effect.promise(() => issue(server.issuer)))
          const { status } = yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
            Effect.provide(
              ClientCredentials.layer({
                tokenUrl: server.tokenUrl,
                ...credentials,
                grant: grantOf(subject),
                apiBaseUrl: api.baseUrl,
                allowHttpLoopback: true
              }).pipe(Layer.provide(FetchHttpClient.layer))
            )
          )
          const [issued] = yield* server.issued
          assert.deepStrictEqual(
            [status, issued?.clientId, issued?.subject],
            [200, isAnonymous ? "workload" : "client", "workload"]
          )
          assert.strictEqual(decodeJwt(Redacted.value(issued?.value ?? assert.fail())).sub, "workload")
        }))
    }
  }
})

describe("a token request", () => {
  const credentials = { client_id: "client", client_secret: "secret" }
  const exchange = { grant_type: tokenExchange, subject_token_type: `${types}jwt` }

  it.live("is rejected as the standards have it", () =>
    Effect.promise(async () => {
      const { issue, jwk } = await platform()
      const foreign = await platform()
      await using sandbox = await Sandbox.start({
        server: {
          trustedIssuers: [
            { issuer: cluster, keys: [jwk], subjects: ["workload"] },
            { issuer: "https://ci.example", keys: [jwk], audiences: ["ci"] }
          ],
          clients: [
            { id: "client", secret: "secret" },
            { id: "public", method: "none" }
          ]
        }
      })
      const { issuer, tokenUrl } = sandbox
      const send = async (form: Readonly<Record<string, string>>) => {
        const response = await fetch(tokenUrl, { method: "POST", body: new URLSearchParams(form) })
        return { status: response.status, body: await response.json() as Readonly<Record<string, unknown>> }
      }
      const now = Math.floor(Date.now() / 1000)
      const tokens: ReadonlyArray<readonly [name: string, token: string, isValid: boolean]> = [
        ["for the issuer", await issue(issuer), true],
        ["for the token endpoint", await issue(tokenUrl), true],
        ["again", await issue(issuer), true],
        ["of another audience", await issue("https://other.example"), false],
        ["of no audience", await issue(undefined), false],
        ["of another key", await foreign.issue(issuer), false],
        ["of another issuer", await issue(issuer, { iss: "https://other.example" }), false],
        ["of another subject", await issue(issuer, { sub: "other" }), false],
        ["without a subject", await issue(issuer, { sub: undefined }), false],
        ["that has expired", await issue(issuer, { exp: now - 60 }), false],
        ["without an expiry", await issue(issuer, { exp: undefined }), false],
        ["for the audience of its issuer", await issue("ci", { iss: "https://ci.example" }), true],
        ["for the server, where its issuer has another", await issue(issuer, { iss: "https://ci.example" }), false],
        ["that is not a JWT", "text", false]
      ]
      for (const [name, token, isValid] of tokens) {
        const bearer = await send({ ...credentials, grant_type: jwtBearer, assertion: token })
        assert.deepStrictEqual(
          [bearer.status, bearer.body["error"]],
          isValid ? [200, undefined] : [400, "invalid_grant"],
          name
        )
        const exchanged = await send({ ...credentials, ...exchange, subject_token: token })
        assert.deepStrictEqual(
          [exchanged.status, exchanged.body["error"], exchanged.body["issued_token_type"]],
          isValid ? [200, undefined, `${types}access_token`] : [400, "invalid_request", undefined],
          name
        )
      }

      const token = await issue(issuer)
      const { body } = await send({ ...credentials, grant_type: "client_credentials" })
      const own = String(body["access_token"])
      const ofOwn = { subject_token: own, subject_token_type: `${types}access_token` }
      for (
        const [name, form, expected] of [
          ["no assertion", { grant_type: jwtBearer }, [400, "invalid_request"]],
          ["no subject", exchange, [400, "invalid_request"]],
          ["no type of the subject", { grant_type: tokenExchange, subject_token: token }, [400, "invalid_request"]],
          ["another type of the subject", { ...exchange, subject_token: token, subject_token_type: `${types}saml2` }, [
            400,
            "invalid_request"
          ]],
          ["another requested type", { ...exchange, subject_token: token, requested_token_type: `${types}id-jag` }, [
            400,
            "invalid_request"
          ]],
          ["an access token of the server", { ...exchange, ...ofOwn }, [200, undefined]],
          ["an access token of the server as a JWT", { ...exchange, subject_token: own }, [400, "invalid_request"]],
          ["an actor", {
            ...exchange,
            subject_token: token,
            actor_token: token,
            actor_token_type: `${types}jwt`
          }, [200, undefined]],
          ["an actor without its type", { ...exchange, subject_token: token, actor_token: token }, [
            400,
            "invalid_request"
          ]],
          ["an actor that is not accepted", {
            ...exchange,
            subject_token: token,
            actor_token: "text",
            actor_token_type: `${types}jwt`
          }, [400, "invalid_request"]],
          ["a wrong secret", { grant_type: jwtBearer, assertion: token, client_secret: "wrong" }, [
            401,
            "invalid_client"
          ]]
        ] as const
      ) {
        const { body, status } = await send({ ...credentials, ...form })
        assert.deepStrictEqual([status, body["error"]], [...expected], name)
      }

      for (
        const [name, form, expected] of [
          ["a public client", { client_id: "public", grant_type: jwtBearer, assertion: token }, [200, undefined]],
          ["a public client with client credentials", { client_id: "public", grant_type: "client_credentials" }, [
            401,
            "invalid_client"
          ]],
          ["a client without its secret", { client_id: "client", grant_type: jwtBearer, assertion: token }, [
            401,
            "invalid_client"
          ]],
          ["no client, with client credentials", { grant_type: "client_credentials" }, [400, "invalid_request"]]
        ] as const
      ) {
        const { body, status } = await send(form)
        assert.deepStrictEqual([status, body["error"]], [...expected], name)
      }
    }))

  it.live("has no such grant where no issuer is trusted", () =>
    Effect.promise(async () => {
      await using sandbox = await Sandbox.start()
      for (const grant_type of [jwtBearer, tokenExchange]) {
        const body = new URLSearchParams({ grant_type, client_id: "test-client", client_secret: "test-secret" })
        const response = await fetch(sandbox.tokenUrl, { method: "POST", body })
        assert.deepInclude(await response.json(), { error: "unsupported_grant_type" })
      }
    }))
})
