import { FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientConfig, LegacyToken } from "@effect-oauth/client-credentials"
import { Config, ConfigProvider, Effect, FastCheck as fc, Layer, Redacted } from "effect"

import * as tokenRequests from "../src/internal/models/tokenRequests.js"
import { absent } from "./support/platformErrors.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const settings = (options: Record<string, unknown>) =>
  Effect.runSync(Effect.match(ClientConfig.make({ ...scenario.options, ...options } as ClientConfig.Options), {
    onFailure: ({ problems }) => problems.map(({ setting }) => setting),
    onSuccess: () => []
  }))

const environment = {
  OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
  OAUTH_CLIENT_ID: "inventory-sync",
  OAUTH_CLIENT_SECRET: scenario.secret,
  API_BASE_URL: "https://api.example.com/v1/"
}

const files = FileSystem.layerNoop({
  readFileString: (path) =>
    path === "/run/secrets/oauth"
      ? Effect.succeed("from the file\n")
      : Effect.fail(absent)
})

const read = (
  variables: Readonly<Record<string, string | undefined>>,
  options?: Parameters<typeof ClientConfig.layerEnv>[0]
) =>
  Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv(options)).pipe(
    Effect.provide(files),
    Effect.withConfigProvider(
      ConfigProvider.fromMap(
        new Map(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined)),
        { pathDelim: "_" }
      )
    )
  )

const secretOf = (config: ClientConfig.ClientConfig) =>
  Effect.map(config.authentication(undefined).credentials[0], ({ identity }) => Redacted.value(identity))

describe("ClientConfig", () => {
  for (
    const [setting, values] of Object.entries({
      tokenUrl: [
        undefined,
        "",
        "auth.example.com/token",
        "http://auth.example.com/token",
        "http://127.0.0.1/token",
        "https://user:pw@auth.example.com/token",
        "https://auth.example.com/token#x",
        "https://auth.example.com/token#",
        "https://auth.example.com/token?client_secret=x",
        "file:///token",
        17
      ],
      clientId: [undefined, "", "a\nb", 17],
      clientSecret: [undefined, "", "plain", Redacted.make(""), Redacted.make("a\nb"), Redacted.make(17)],
      audience: ["", "a\u0000", 17],
      scope: ["a\"b", ["a b"], ["é"], [17]],
      resource: ["not a uri", "https://a.example/#x", "\u0001https://a.example", [17]],
      clientAuthentication: ["basic", 17],
      requestFormat: ["xml"],
      apiBaseUrl: [
        undefined,
        "",
        "/v1",
        "http://api.example.com",
        "https://api.example.com/?x=1",
        "https://u:p@a.example"
      ],
      apiOrigins: [["files.example.com"], ["https://files.example.com/path"], ["http://files.example.com"], [17]]
    })
  ) {
    it(`rejects an invalid ${setting}`, () => {
      for (const value of values) assert.deepStrictEqual(settings({ [setting]: value }), [setting], String(value))
    })
  }

  it("reports all problems at once", () => {
    assert.deepStrictEqual(settings({ tokenUrl: "x", clientId: "", apiBaseUrl: "y" }), [
      "tokenUrl",
      "clientId",
      "apiBaseUrl"
    ])
  })

  it("allows http: only to a loopback address, and only with allowHttpLoopback", () => {
    for (const origin of ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "http://127.9.9.9"]) {
      const urls = { tokenUrl: `${origin}/token`, apiBaseUrl: origin }
      assert.deepStrictEqual(settings({ ...urls, allowHttpLoopback: true }), [])
      assert.deepStrictEqual(settings(urls), ["tokenUrl", "apiBaseUrl"])
    }
    for (const origin of ["http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://10.0.0.1"]) {
      assert.deepStrictEqual(settings({ tokenUrl: `${origin}/token`, allowHttpLoopback: true }), ["tokenUrl"])
    }
  })

  it("rejects an environment in which Node verifies no certificate", () => {
    const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
    try {
      process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0"
      assert.deepStrictEqual(settings({}), ["NODE_TLS_REJECT_UNAUTHORIZED"])
    } finally {
      if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]
      else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before
    }
  })

  it.prop("never shows the configured values", [fc.string({ minLength: 1 })], ([text]) => {
    const wrong = `\u0001<wr0ng>${text}`
    const error = Effect.runSync(Effect.flip(ClientConfig.make({
      tokenUrl: wrong,
      clientId: wrong,
      clientSecret: Redacted.make(wrong),
      audience: wrong,
      scope: wrong,
      resource: wrong,
      apiBaseUrl: wrong,
      apiOrigins: [wrong]
    })))
    assert.lengthOf(error.problems, 8)
    assert.notInclude(printed(error), "wr0ng")
  })

  describe("from the environment", () => {
    it.effect("options in overrides take precedence over the variables, which are not read", () =>
      Effect.gen(function*() {
        const { OAUTH_CLIENT_SECRET: _, OAUTH_TOKEN_URL: __, ...rest } = environment
        const config = yield* read({
          ...rest,
          OAUTH_SCOPE: "items:read",
          OAUTH_TOKEN_URL: "wr0ng",
          OAUTH_CLIENT_SECRET_FILE: "/nowhere",
          OAUTH_PRIVATE_KEY: "wr0ng",
          API_ALLOW_OUTSIDE_BASE_PATH: "wr0ng"
        }, {
          overrides: {
            tokenUrl: "https://auth.example.com/token",
            clientSecret: Redacted.make("s3cr3t"),
            clientAuthentication: "client_secret_basic",
            allowOutsideBasePath: true,
            audience: undefined
          }
        })
        assert.strictEqual(config.request.tokenUrl, "https://auth.example.com/token")
        assert.strictEqual(config.request.scope, "items:read")
        assert.strictEqual(config.api.allowOutsideBasePath, true)
        assert.strictEqual(yield* secretOf(config), "s3cr3t")
        assert.strictEqual(config.authentication(undefined).method, "client_secret_basic")
      }))

    it.effect("names the invalid override", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(read(environment, { overrides: { tokenUrl: "http://wr0ng" } }))
        assert.match(String(error), /overrides\.tokenUrl: expected an absolute URL, https:/)
        assert.notInclude(printed(error), "wr0ng")
      }))

    it.effect("options may also be read from Configs with any names", () =>
      Effect.gen(function*() {
        const provided = (variables: Record<string, string>) =>
          ClientConfig.ClientConfig.pipe(
            Effect.provide(ClientConfig.layerConfig({
              issuer: Config.string("ISSUER"),
              clientId: Config.succeed("inventory-sync"),
              clientSecret: Config.redacted("SECRET"),
              apiBaseUrl: Config.string("INVENTORY_URL")
            })),
            Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
          )
        const variables = {
          ISSUER: "https://auth.example.com",
          SECRET: "s3cr3t",
          INVENTORY_URL: "https://api.example.com"
        }
        assert.strictEqual((yield* provided(variables)).request.issuer, "https://auth.example.com")
        assert.include(String(yield* Effect.flip(provided({ ...variables, ISSUER: "wr0ng" }))), "issuer: expected")
        assert.include(String(yield* Effect.flip(provided({ ISSUER: "https://auth.example.com" }))), "SECRET")
      }))

    it.effect("reads every variable", () =>
      Effect.gen(function*() {
        const config = yield* read({
          ...environment,
          OAUTH_AUDIENCE: "inventory",
          OAUTH_SCOPE: "items:read items:write",
          OAUTH_RESOURCE: "https://a.example urn:b",
          OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic",
          OAUTH_REQUEST_FORMAT: "json",
          API_ORIGINS: "https://files.example.com https://img.example.com/",
          API_ALLOW_OUTSIDE_BASE_PATH: "true"
        })
        assert.strictEqual(yield* secretOf(config), scenario.secret)
        assert.deepStrictEqual(
          config.request,
          tokenRequests.make({
            tokenUrl: "https://auth.example.com/oauth/token",
            clientId: "inventory-sync",
            audience: "inventory",
            scope: ["items:read", "items:write"],
            resource: ["https://a.example", "urn:b"],
            clientAuthentication: "client_secret_basic",
            requestFormat: "json"
          })
        )
        assert.deepStrictEqual(config.api, {
          allowOutsideBasePath: true,
          baseUrl: "https://api.example.com/v1",
          origins: new Set(["https://api.example.com", "https://files.example.com", "https://img.example.com"])
        })
      }))

    it.effect("treats an empty variable as absent and uses defaults for absent ones", () =>
      Effect.gen(function*() {
        const { request } = yield* read({ ...environment, OAUTH_AUDIENCE: "", OAUTH_REQUEST_FORMAT: "" })
        assert.isUndefined(request.audience)
        assert.deepStrictEqual([request.clientAuthentication, request.requestFormat], [undefined, "form"])
      }))

    it.effect("puts a prefix before every name", () =>
      Effect.gen(function*() {
        const prefixed = Object.fromEntries(
          Object.entries(environment).map(([name, value]) => [`BILLING_${name}`, value])
        )
        assert.strictEqual((yield* read(prefixed, { prefix: "BILLING" })).request.clientId, "inventory-sync")
        const error = yield* Effect.flip(read(environment, { prefix: "BILLING" }))
        for (const name of Object.keys(prefixed)) assert.include(String(error), name)
      }))

    it.effect("reads the secret from a file, without the line break at its end", () =>
      Effect.gen(function*() {
        const { OAUTH_CLIENT_SECRET: _, ...rest } = environment
        const config = yield* read({ ...rest, OAUTH_CLIENT_SECRET_FILE: "/run/secrets/oauth" })
        assert.strictEqual(yield* secretOf(config), "from the file")
      }))

    it.effect("allows http: to a loopback address by a variable", () =>
      Effect.gen(function*() {
        const local = { ...environment, OAUTH_TOKEN_URL: "http://127.0.0.1:1/token" }
        assert.include(String(yield* Effect.flip(read(local))), "OAUTH_ALLOW_HTTP_LOOPBACK")
        yield* read({ ...local, OAUTH_ALLOW_HTTP_LOOPBACK: "true" })
        yield* Effect.flip(read({ ...local, OAUTH_ALLOW_HTTP_LOOPBACK: "false" }))
      }))

    for (
      const [name, value] of [
        ["OAUTH_TOKEN_URL", undefined],
        ["OAUTH_TOKEN_URL", "http://wr0ng.example"],
        ["OAUTH_CLIENT_ID", undefined],
        ["OAUTH_CLIENT_ID", "wr0ng\n"],
        ["OAUTH_CLIENT_SECRET", undefined],
        ["OAUTH_CLIENT_SECRET", "wr0ng\u0007"],
        ["OAUTH_CLIENT_SECRET_FILE", "/run/secrets/oauth"],
        ["OAUTH_SCOPE", "wr0ng\""],
        ["OAUTH_AUDIENCE", "wr0ng\n"],
        ["OAUTH_RESOURCE", "wr0ng"],
        ["OAUTH_CLIENT_AUTHENTICATION", "wr0ng"],
        ["OAUTH_REQUEST_FORMAT", "wr0ng"],
        ["OAUTH_ALLOW_HTTP_LOOPBACK", "wr0ng"],
        ["API_BASE_URL", "wr0ng"],
        ["API_BASE_URL", undefined],
        ["API_ORIGINS", "wr0ng"]
      ] as const
    ) {
      it.effect(`names ${name} when it is ${value === undefined ? "missing" : JSON.stringify(value)}, not its content`, () =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(read({ ...environment, [name]: value }))
          assert.include(error.toString(), `Expected ${name} to be `)
          assert.include(error.toString(), `${value === undefined ? "Missing" : "Invalid"} data at ${name}`)
          assert.notInclude(printed(error), "wr0ng")
          assert.notInclude(printed(error), scenario.secret)
        }))
    }

    it.effect("names the file that could not be read", () =>
      Effect.gen(function*() {
        const { OAUTH_CLIENT_SECRET: _, ...rest } = environment
        const error = yield* Effect.flip(read({ ...rest, OAUTH_CLIENT_SECRET_FILE: "/nowhere" }))
        assert.include(
          String(error),
          "Expected OAUTH_CLIENT_SECRET_FILE to be the path of a file that can be read (NotFound)"
        )
      }))
  })
})

describe("LegacyToken", () => {
  const legacy = { LEGACY_TOKEN_ID: "tok_17", LEGACY_TOKEN_SECRET: "s3cr3t:é", API_BASE_URL: "https://api.example.com" }

  const call = (variables: Readonly<Record<string, string>>, status: number) => {
    const seen: Array<string | undefined> = []
    const http = Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) => {
        seen.push(request.headers["authorization"])
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(null, { status })))
      })
    )
    return HttpClient.get("/items").pipe(
      Effect.map((response) => ({ seen, response })),
      Effect.provide(
        Layer.effect(HttpClient.HttpClient, Effect.map(ApiClient.ApiClient, ApiClient.toHttpClient)).pipe(
          Layer.provide(LegacyToken.layerEnv()),
          Layer.provide([http, files])
        )
      ),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
    )
  }

  for (const status of [200, 401]) {
    it.effect(`sends id and secret by basic auth, once, also on ${status}`, () =>
      Effect.gen(function*() {
        const { response, seen } = yield* call(legacy, status)
        assert.strictEqual(response.status, status)
        assert.deepStrictEqual(seen, [`Basic ${Buffer.from("tok_17:s3cr3t:é").toString("base64")}`])
        assert.notInclude(printed(response), "czNjcjN0")
      }))
  }

  for (
    const [name, value] of [["LEGACY_TOKEN_ID", "wr0ng:"], ["LEGACY_TOKEN_SECRET", ""], [
      "API_BASE_URL",
      "http://wr0ng"
    ]]
  ) {
    it.effect(`names ${name} when it is invalid`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(call({ ...legacy, [name as string]: value as string }, 200))
        assert.include(String(error), `Expected ${name} to be `)
        assert.notInclude(printed(error), "wr0ng")
      }))
  }
})
