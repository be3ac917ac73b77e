/**
 * Canaries: secrets are passed through all forms of printing.
 */
import { HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientAuthentication,
  ClientConfig,
  ClientCredentials,
  TokenCache,
  TokenRevocation
} from "@effect-oauth/client-credentials"
import { Cause, Effect, Exit, Layer, Logger, LogLevel, Redacted } from "effect"
import { exportJWK, exportPKCS8, generateKeyPair } from "jose"

import * as fakeHttp from "./support/fakeHttp.js"
import * as httpErrors from "./support/httpErrors.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const secret = "c4n4ry-s3cr3t of thirty-two bytes or more"

/** A server that repeats everything it was sent, in its error and elsewhere. */
const echo = (status: number, error: string) =>
  fakeHttp.make(({ body, headers }) =>
    Effect.sync(() =>
      Response.json(
        {
          error,
          error_description: `${body} ${new URLSearchParams(body).toString()} ${JSON.stringify(headers)} ${
            [...new URLSearchParams(body).values()].join(" ")
          }`,
          error_uri: `https://auth.example.com/?${body}`
        },
        { status, headers: { location: `https://elsewhere.example/?${body}` } }
      )
    )
  )

const { clientSecretJwt, privateKeyJwt } = ClientAuthentication

describe("nothing secret is shown", () => {
  for (const status of [400, 401, 302, 500, 200]) {
    for (const dpop of [false, true]) {
      it.effect(`by any method, when the server repeats the request with ${status}${dpop ? ", with DPoP" : ""}`, () =>
        Effect.gen(function*() {
          const { privateKey } = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
          const pem = yield* Effect.promise(() => exportPKCS8(privateKey))
          const shared = Redacted.make(secret)
          const logged: Array<string> = []
          for (
            const authentication of [
              { clientSecret: shared, clientAuthentication: "client_secret_basic" },
              { clientSecret: shared, clientAuthentication: "client_secret_basic", basicEncoding: "raw" },
              { clientSecret: shared, clientAuthentication: "client_secret_post" },
              { clientSecret: undefined, clientAuthentication: clientSecretJwt(shared) },
              { clientSecret: undefined, clientAuthentication: privateKeyJwt({ key: Redacted.make(pem) }) }
            ] as const
          ) {
            const { layer, sent } = echo(status, "invalid_request")
            const exit = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
              Effect.exit,
              Effect.tap((exit) => Effect.log("it failed", exit)),
              Effect.provide(Layer.provide(
                ClientCredentials.layer({
                  ...scenario.options,
                  ...authentication,
                  dpop,
                  tokenCache: { retryTimeout: 0 }
                }),
                layer
              )),
              Logger.withMinimumLogLevel(LogLevel.All),
              Effect.provide(Logger.add(Logger.make((entry) => logged.push(Logger.logfmtLogger.log(entry)))))
            )
            assert(Exit.isFailure(exit))
            const canaries = sent.flatMap(({ body, headers }) => [
              new URLSearchParams(body).get("client_secret"),
              new URLSearchParams(body).get("client_assertion"),
              headers["authorization"]?.slice(6),
              headers["dpop"]
            ]).filter((one) => typeof one === "string")
            assert.isNotEmpty(canaries)
            const text = printed(Cause.squash(exit.cause)) + Cause.pretty(exit.cause) + logged.join()
            for (const canary of [...canaries, "c4n4ry", secret, ...pem.split("\n").slice(1, -2)]) {
              assert.notInclude(text, canary)
            }
          }
        }))
    }
  }

  it.effect("of keys that cannot be used", () =>
    Effect.gen(function*() {
      const { privateKey } = yield* Effect.promise(() => generateKeyPair("ES256", { extractable: true }))
      const jwk = yield* Effect.promise(() => exportJWK(privateKey))
      for (
        const key of [
          "c4n4ry",
          "-----BEGIN PRIVATE KEY-----\nc4n4ry\n-----END PRIVATE KEY-----",
          "-----BEGIN RSA PRIVATE KEY-----\nc4n4ry\n-----END RSA PRIVATE KEY-----",
          JSON.stringify({ kty: "c4n4ry", d: "c4n4ry" }),
          JSON.stringify({ ...jwk, d: "c4n4ry" }),
          JSON.stringify({ ...jwk, d: undefined, x: "c4n4ry" }),
          "{\"c4n4ry\""
        ]
      ) {
        const { layer, sent } = fakeHttp.make(() => Effect.die("not reached"))
        const error = yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
          Effect.provide(Layer.provide(
            ClientCredentials.layer({
              ...scenario.options,
              clientSecret: undefined,
              clientAuthentication: privateKeyJwt({ key: Redacted.make(key) }),
              tokenCache: { retryTimeout: 0 }
            }),
            layer
          )),
          Effect.flip
        )
        assert.strictEqual(error._tag, "InvalidConfig")
        assert.notInclude(printed(error), "c4n4ry")
        assert.lengthOf(sent, 0)
      }
    }))

  it.effect("of configurations and services", () =>
    Effect.gen(function*() {
      const { layer } = scenario.make(scenario.ok, { clientSecret: Redacted.make(secret), dpop: false })
      const config = yield* ClientConfig.make({ ...scenario.options, clientSecret: Redacted.make(secret), dpop: true })
      const api = yield* Effect.provide(ApiClient.ApiClient, layer)
      const token = clientSecretJwt(Redacted.make(secret))
      for (
        const value of [config, config.authentication(undefined), token, api, yield* config.dpop ?? Effect.void]
      ) {
        assert.notInclude(printed(value), "c4n4ry")
      }
    }))

  it.effect("of a token that is being revoked", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(({ body, url }) =>
        Effect.sync(() =>
          url.endsWith("/token")
            ? scenario.tokenJson("c4n4ry-t0k3n")
            : Response.json({ error: "unsupported_token_type", error_description: body }, { status: 400 })
        )
      )
      const error = yield* Effect.gen(function*() {
        const token = yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)
        return yield* Effect.flip(Effect.flatMap(TokenRevocation.TokenRevocation, ({ revoke }) => revoke(token)))
      }).pipe(Effect.provide(Layer.provide(
        ClientCredentials.layer({ ...scenario.options, revocationUrl: "https://auth.example.com/revoke" }),
        layer
      )))
      assert.strictEqual(error._tag, "TokenErrorResponse")
      assert.notInclude(printed(error), "c4n4ry")
    }))

  const hiding: Readonly<Record<string, (token: string) => unknown>> = {
    "a map": (token) => new Map([["authorization", token]]),
    "a set": (token) => new Set([token]),
    "headers": (token) => ({ headers: new Headers({ authorization: token }) }),
    "a request": (token) => ({
      request: new Request("https://api.example.com", { headers: { authorization: token } })
    }),
    "bytes": (token) => ({ raw: Buffer.from(`authorization: ${token}`) }),
    "a chain of causes": (token) =>
      Array.from({ length: 20 }).reduce((cause) => new Error("it broke", { cause }), new Error(token)),
    "a getter": (token) => Object.defineProperty({}, "config", { enumerable: true, get: () => ({ token }) }),
    "what is serialised": (token) => Object.assign(new Error("it broke"), { toJSON: () => ({ token }) }),
    "the name of a property": (token) => ({ [token]: true }),
    "a URL": (token) => ({ url: new URL(`https://api.example.com/?${token}`) }),
    "a function": (token) => Object.assign(() => undefined, { token }),
    "an object that throws when inspected": () =>
      Object.defineProperty({}, "config", { enumerable: true, get: () => assert.fail("read") })
  }
  for (const [place, hide] of Object.entries(hiding)) {
    it.effect(`of a token in ${place}, in the cause of a transport's error`, () =>
      Effect.gen(function*() {
        const { layer } = fakeHttp.make(({ headers, url }) =>
          url.endsWith("/token") ? Effect.succeed(scenario.tokenJson("c4n4ry-t0k3n")) : Effect.fail(
            httpErrors.ofRequest(HttpClientRequest.get(url), "Transport", {
              cause: new Error("it broke", { cause: hide(headers["authorization"] ?? assert.fail()) })
            })
          )
        )
        const error = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
          Effect.flip,
          Effect.provide(Layer.provide(ClientCredentials.layer(scenario.options), layer))
        )
        assert.strictEqual(httpErrors.kindOf(error), "RequestError Transport")
        assert.isUndefined(error.cause)
        assert.notInclude(printed(error), "c4n4ry")
      }))
  }

  it.effect("and values without secrets stay", () =>
    Effect.gen(function*() {
      const broken = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104, syscall: "read" })
      const cause = new AggregateError([broken], "it broke", { cause: broken })
      const { layer } = fakeHttp.make(({ url }) =>
        url.endsWith("/token") ? Effect.succeed(scenario.tokenJson("c4n4ry-t0k3n")) : Effect.fail(
          httpErrors.ofRequest(HttpClientRequest.get(url), "Transport", { cause })
        )
      )
      const error = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
        Effect.flip,
        Effect.provide(Layer.provide(ClientCredentials.layer(scenario.options), layer))
      )
      assert.strictEqual(error.cause, cause)
    }))
})
