/**
 * Requirements, from guides/requirements.md:
 * - T11: Credentials are sent only to endpoints in the metadata of the configured issuer.
 * - D1: Metadata is read between host and path of the issuer, and its issuer is identical to the configured one.
 * - D2: The method of client authentication is one that the metadata lists; client_secret_basic where it lists none.
 */
import { assert, describe, it } from "@effect/vitest"
import { ClientConfig, ClientCredentials, ServerMetadata, TokenCache } from "@effect-oauth/client-credentials"
import { Effect, FastCheck as fc, Fiber, Layer, Logger, Redacted, TestClock } from "effect"

import * as metadata from "../src/internal/protocol/metadata.js"
import * as fakeHttp from "./support/fakeHttp.js"
import * as scenario from "./support/scenario.js"

const issuer = "https://auth.example.com/tenants/acme"

const document = {
  issuer,
  token_endpoint: "https://tokens.example.com/token",
  revocation_endpoint: "https://tokens.example.com/revoke",
  token_endpoint_auth_methods_supported: ["private_key_jwt", "client_secret_basic"]
}

const options = { ...scenario.options, tokenUrl: undefined, issuer }

const make = (answer: (url: string, count: number) => Response, more: Partial<ClientConfig.Options> = {}) => {
  const http = fakeHttp.make(({ url }) => Effect.sync(() => answer(url, http.sent.length)))
  const get = ServerMetadata.make().pipe(
    Effect.map(({ get }) => get),
    Effect.provide(Layer.merge(http.layer, ClientConfig.layer({ ...options, ...more })))
  )
  return { get, urls: () => http.sent.map(({ url }) => url) }
}

const oauth = "https://auth.example.com/.well-known/oauth-authorization-server/tenants/acme"
const inserted = "https://auth.example.com/.well-known/openid-configuration/tenants/acme"
const openid = "https://auth.example.com/tenants/acme/.well-known/openid-configuration"

const none = () => new Response("nothing here", { status: 404 })

describe("the metadata of the server", () => {
  it.effect("D1 is read between host and path of the issuer, or else at the URL of OpenID Connect discovery", () =>
    Effect.gen(function*() {
      for (
        const [place, urls] of [
          [oauth, [oauth]],
          [inserted, [oauth, inserted]],
          [openid, [oauth, inserted, openid]]
        ] as const
      ) {
        const one = make((url) => url === place ? Response.json(document) : none())
        const found = yield* Effect.flatten(one.get)
        assert.deepInclude(found, {
          issuer,
          tokenEndpoint: document.token_endpoint,
          revocationEndpoint: document.revocation_endpoint
        })
        assert.deepStrictEqual(one.urls(), [...urls])
      }
      assert.deepStrictEqual(metadata.locations("https://a.example"), [
        "https://a.example/.well-known/oauth-authorization-server",
        "https://a.example/.well-known/openid-configuration"
      ])
    }))

  it.effect("D1 T11 is rejected if it is of another issuer or contains an endpoint without TLS", () =>
    Effect.gen(function*() {
      for (
        const [change, problem] of [
          [{ issuer: `${issuer}/` }, "names another issuer"],
          [{ issuer: "https://evil.example" }, "names another issuer"],
          [{ issuer: undefined }, "names another issuer"],
          [{ token_endpoint: "http://tokens.example.com" }, "no token endpoint with https:"],
          [{ token_endpoint: "https://user:pw@tokens.example.com" }, "no token endpoint with https:"],
          [{ token_endpoint: 17 }, "no token endpoint with https:"]
        ] as const
      ) {
        const error = yield* Effect.flip(Effect.flatten(make(() => Response.json({ ...document, ...change })).get))
        assert(error._tag === "DiscoveryFailed")
        assert.include(error.message, problem)
        assert.isFalse(error.retryable)
      }
      const page = yield* Effect.flip(Effect.flatten(make(() => new Response("<html>")).get))
      assert.include(page.message, "not a JSON object")
    }))

  const firsts: Readonly<Record<string, () => Response>> = {
    "404": none,
    "503": () => new Response("", { status: 503 }),
    "a page": () => new Response("<!doctype html>"),
    "an empty object": () => Response.json({}),
    "another issuer": () => Response.json({ ...document, issuer: "https://evil.example" }),
    "a redirect": () => new Response(null, { status: 302, headers: { location: "https://evil.example/login?next=s" } })
  }
  for (const [what, first] of Object.entries(firsts)) {
    it.effect(`is requested at the next location after ${what}, and the error shows what was found`, () =>
      Effect.gen(function*() {
        const { get } = make((url) => url === openid ? Response.json(document) : first())
        assert.strictEqual((yield* Effect.flatten(get)).tokenEndpoint, document.token_endpoint)
        const error = yield* Effect.flip(Effect.flatten(make(first).get))
        assert(error._tag === "DiscoveryFailed")
        for (const place of [oauth, inserted, openid]) assert.include(error.message, `${place}: `)
        if (what === "another issuer") assert.include(error.message, "another issuer, https://evil.example.")
        if (what === "a redirect") {
          assert.include(error.message, "status 302, a redirect to https://evil.example/login;")
        }
        assert.notInclude(error.message, "next=s")
        assert.strictEqual(error.retryable, what === "503")
      }))
  }

  it.effect("fails with the issuer to set when the URL of a document was configured as the issuer", () =>
    Effect.gen(function*() {
      const { get, urls } = make(none, { issuer: openid })
      const error = yield* Effect.flip(Effect.flatten(get))
      assert.include(error.message, `Set the issuer (OAUTH_ISSUER) to ${issuer}`)
      assert.lengthOf(urls(), 0)
    }))

  it.effect("is cached for an hour; a failure is not cached and does not replace the cached document", () =>
    Effect.gen(function*() {
      let up = false
      const { get, urls } = make(() => up ? Response.json(document) : new Response("", { status: 503 }))
      const metadata = yield* get
      const error = yield* Effect.flip(metadata)
      assert.isTrue(error.retryable)
      up = true
      yield* metadata
      yield* metadata
      assert.lengthOf(urls(), 4)
      up = false
      yield* TestClock.adjust("1 hour")
      const logged: Array<unknown> = []
      const logger = Logger.add(Logger.make(({ message }) => logged.push(message)))
      assert.strictEqual((yield* Effect.provide(metadata, logger)).issuer, issuer)
      assert.include(String(logged[0]), "Using the metadata that was read before.")
      assert.lengthOf(urls(), 7)
    }))

  it.effect("is not requested when the token URL is configured", () =>
    Effect.gen(function*() {
      const { get, urls } = make(none, {
        tokenUrl: "https://auth.example.com/t",
        revocationUrl: "https://auth.example.com/r"
      })
      assert.deepInclude(yield* Effect.flatten(get), {
        issuer,
        tokenEndpoint: "https://auth.example.com/t",
        revocationEndpoint: "https://auth.example.com/r"
      })
      assert.lengthOf(urls(), 0)
    }))

  for (
    const [supported, expected] of [
      [["private_key_jwt", "client_secret_post", "client_secret_basic"], "basic"],
      [["client_secret_post", "private_key_jwt"], "post"],
      [undefined, "basic"],
      [["client_secret_jwt"], "jwt"],
      [["private_key_jwt"], "post"]
    ] as const
  ) {
    it.effect(`D2 selects the method of a client with a secret: ${supported?.join(", ") ?? "none listed"}`, () =>
      Effect.gen(function*() {
        const http = fakeHttp.make(({ url }) =>
          Effect.sync(() =>
            url === document.token_endpoint
              ? scenario.tokenJson("token-1")
              : Response.json({ ...document, token_endpoint_auth_methods_supported: supported })
          )
        )
        yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
          Effect.provide(Layer.provide(
            ClientCredentials.layer({
              ...options,
              clientSecret: Redacted.make("a secret of at least thirty-two bytes")
            }),
            http.layer
          ))
        )
        const { body = "", headers = {} } = http.sent.at(-1) ?? {}
        const parameters = new URLSearchParams(body)
        const method = headers["authorization"]?.startsWith("Basic ")
          ? "basic"
          : parameters.has("client_secret")
          ? "post"
          : parameters.has("client_assertion")
          ? "jwt"
          : "none"
        assert.strictEqual(method, expected)
      }))
  }

  it.effect("that times out is not reported as the token endpoint", () =>
    Effect.gen(function*() {
      const { layer } = fakeHttp.make(() => Effect.never)
      const waiting = yield* ServerMetadata.make().pipe(
        Effect.flatMap(({ get }) => get),
        Effect.flip,
        Effect.provide([layer, ClientConfig.layer(options)]),
        Effect.fork
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(
        (yield* Fiber.join(waiting)).message,
        `The metadata document ${oauth} did not respond within 10s. Check that it ` +
          "is available, or allow more time (ServerMetadata.layer)."
      )
    }))

  it.prop("is metadata or a typed error, for any response", [fc.oneof(fc.string(), fc.json())], ([body]) => {
    const { _tag } = metadata.decode(issuer, body, false)
    assert.strictEqual(_tag, "Failure")
  })
})
