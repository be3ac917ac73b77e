import { generateKeyPairSync } from "node:crypto"
import { inspect } from "node:util"

import { type FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  ClientAuthentication,
  ClientConfig,
  ClientCredentials,
  IssuanceBudget,
  LegacyToken,
  ProtectedResource,
  ServerMetadata,
  SharedClientCredentials,
  SharedTokens,
  TokenCache,
  TokenEndpoint,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Cause, Config, ConfigProvider, Effect, Exit, Layer, Logger, LogLevel, Redacted, Schema } from "effect"

import type * as fleetParts from "../../src/internal/config/fleetParts.js"
import type * as parts from "../../src/internal/config/parts.js"

const client = {
  tokenUrl: "https://auth.example.com/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
}

/** An `HttpClient` that dies on use: no option may cause a request while a layer is built. */
const silent = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) => Effect.dieMessage(`${request.method} was sent`))
)

const store = Layer.merge(
  TokenStore.layerMemory,
  TokenSeal.layer([Redacted.make(Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"))])
)

/** Returns the paths of the reported options; a defect has none. */
const reported = <A, E>(
  layer: Layer.Layer<A, E, HttpClient.HttpClient | TokenSeal.TokenSeal | TokenStore.TokenStore>
) =>
  Layer.build(layer).pipe(
    Effect.provide([silent, store]),
    Effect.scoped,
    Effect.exit,
    Effect.map((exit) => {
      if (Exit.isSuccess(exit)) return []
      const error = Cause.squash(exit.cause)
      return typeof error === "object" && error !== null && "problems" in error
        ? (error.problems as ReadonlyArray<{ readonly setting: string }>).map(({ setting }) => setting)
        : Cause.pretty(exit.cause)
    })
  )

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  .export({ type: "pkcs8", format: "pem" }).toString()

/** Values that plain JavaScript may pass. */
const loose = <A>(options: unknown): A => options as A

const layer = (more: object) => ClientCredentials.layer(loose<typeof client>({ ...client, ...more }))
const layerShared = (more: object) => SharedClientCredentials.layer(loose<typeof client>({ ...client, ...more }))

const durations = ["soon", -1, -1n, "-5 seconds", NaN, Infinity, null, {}, { second: 5 }, { seconds: -5 }, [-1, 0]]
const limits = [...durations, 0, "0 millis"]
const counts = ["many", 0, -1, 1.5, NaN, Infinity, null]
const fractions = ["half", -0.1, 1.1, NaN, null]
const flags = ["yes", 1, null]

/** Invalid values, for every option of every group. */
const wrong: {
  readonly [G in "tokenCache" | "tokenEndpoint" | "serverMetadata" | "dpop" | "sharedTokens" | "issuanceBudget"]: {
    readonly [K in keyof (typeof parts & typeof fleetParts)[G]]: ReadonlyArray<unknown>
  }
} = {
  tokenCache: {
    refreshBefore: durations,
    refreshFraction: fractions,
    expiryBuffer: durations,
    expiryBufferFraction: fractions,
    backOff: ["exponential", null, {}],
    retryTimeout: durations,
    requestTimeout: limits,
    maxRetryAfter: durations,
    rejectionPauses: [[], ["soon"], [-1], [undefined], "1 minute", null],
    capacity: counts
  },
  tokenEndpoint: {
    timeout: limits,
    maxResponseBytes: counts,
    defaultLife: limits,
    requireScope: flags,
    maxLife: limits
  },
  serverMetadata: { life: durations, timeout: limits },
  dpop: { algorithm: ["XX", "none", 5, null], key: ["a string", 5, null, []] },
  sharedTokens: {
    leaseLife: limits,
    pollEvery: limits,
    storeTimeout: limits,
    whenStoreFails: ["OWNTOKEN", "", true, null],
    onBehalfOf: flags
  },
  issuanceBudget: {
    limit: counts,
    window: [
      ...limits,
      { timeZone: "Mars/Olympus" },
      { timeZone: 5 },
      { timeZone: "UTC", calendar: "year" },
      { timeZone: "UTC", kalendar: "month" }
    ],
    furtherLimits: [
      5,
      [5],
      null,
      { limit: 1, window: "1 hour" },
      [{ limit: 1 }],
      [{ window: "1 hour" }],
      [{ limit: 0, window: "1 hour" }],
      [{ limit: 1.5, window: "1 hour" }],
      [{ limit: 1, window: "1 hour", name: "hourly" }],
      [{ limit: 1, window: "1 hour" }, { limit: 1, window: -1 }],
      [{ limit: 1, window: { timeZone: "UTC", calendar: "week" } }]
    ],
    name: ["", 5, null, "two\nlines", "x".repeat(101)],
    reserveFraction: [...fractions, 1],
    warnAt: [[0], [2], ["half"], 0.5, null],
    withoutStore: [
      ...[-1, 0.5, "1", null, Infinity, {}, { tokens: 1 }, { fraction: 0.5 }, { tokens: 1, fraction: 0.5, more: 1 }],
      ...[-1, 0.5, null].map((tokens) => ({ tokens, fraction: 0.5 })),
      ...[0, -1, 1.5, "1", null, NaN].map((fraction) => ({ tokens: 1, fraction }))
    ],
    storeTimeout: limits,
    followIssuerQuotas: flags
  }
}

describe("options", () => {
  it.effect("with invalid values are an InvalidConfig with their path, in every group", () =>
    Effect.gen(function*() {
      for (const [group, options] of Object.entries(wrong)) {
        const build = group === "sharedTokens" || group === "issuanceBudget" ? layerShared : layer
        const good = group === "issuanceBudget" ? { limit: 50 } : {}
        for (const [name, values] of Object.entries(options)) {
          for (const value of values) {
            assert.deepStrictEqual(
              yield* reported(build({ [group]: { ...good, [name]: value } })),
              [`${group}.${name}`],
              `${group}.${name}: ${inspect(value)}`
            )
          }
        }
        for (const value of [5, "all", null, []]) {
          assert.deepStrictEqual(yield* reported(build({ [group]: value })), [group])
        }
        assert.deepStrictEqual(yield* reported(build({ [group]: { ...good, tymeout: 1 } })), [`${group}.tymeout`])
        assert.deepStrictEqual(yield* reported(build({ [group]: { ...good, tymeout: undefined } })), [])
      }
    }))

  it.effect("have a function that decodes token responses, not a Schema", () =>
    Effect.gen(function*() {
      const Response = Schema.Struct({ access_token: Schema.String })
      for (const value of [Response, 5, "json", null, {}]) {
        assert.deepStrictEqual(yield* reported(layer({ tokenResponse: value })), ["tokenResponse"])
      }
      assert.deepStrictEqual(yield* reported(layer({ tokenResponse: Schema.decodeUnknownOption(Response) })), [])
    }))

  it.effect("of all groups are reported at once, before anything is built", () =>
    Effect.gen(function*() {
      const problems = yield* reported(layer({
        clientId: "",
        allowHttpLoopback: "yes",
        dpop: { algorithm: "XX" },
        tokenCahce: {},
        tokenCache: { retryTimeout: -1, capacity: 0 },
        tokenEndpoint: { timeout: "soon" },
        serverMetadata: { life: NaN },
        revokeAtShutdown: "yes"
      }))
      assert.sameMembers([...problems], [
        "clientId",
        "allowHttpLoopback",
        "dpop.algorithm",
        "tokenCahce",
        "tokenCache.retryTimeout",
        "tokenCache.capacity",
        "tokenEndpoint.timeout",
        "serverMetadata.life",
        "revokeAtShutdown"
      ])
      assert.deepStrictEqual(
        yield* reported(layer({ tokenCache: 5, tokenEndpoint: { timeout: 0 } })),
        ["tokenCache", "tokenEndpoint.timeout"]
      )
    }))

  it.effect("that are missing are not an object either", () =>
    Effect.gen(function*() {
      for (const options of [null, 5, "https://auth.example.com", []]) {
        assert.deepStrictEqual(yield* reported(ClientCredentials.layer(loose(options))), ["options"])
        assert.deepStrictEqual(yield* reported(ClientConfig.layer(loose(options))), ["options"])
      }
    }))

  it.effect("of a part that is used alone are reported without a group", () =>
    Effect.gen(function*() {
      const configured = <A, E, R>(part: Layer.Layer<A, E, R>) =>
        part.pipe(
          Layer.provide(TokenEndpoint.layer()),
          Layer.provide(ServerMetadata.layer()),
          Layer.provide(ClientConfig.layer(client))
        )
      assert.deepStrictEqual(yield* reported(configured(TokenEndpoint.layer({ timeout: -1 }))), ["timeout"])
      assert.deepStrictEqual(yield* reported(configured(TokenCache.layer({ retryTimeout: -1 }))), ["retryTimeout"])
      assert.deepStrictEqual(yield* reported(configured(ServerMetadata.layer({ life: -1 }))), ["life"])
      assert.deepStrictEqual(yield* reported(configured(SharedTokens.layer({ leaseLife: 0 }))), ["leaseLife"])
      assert.deepStrictEqual(yield* reported(configured(IssuanceBudget.layer({ limit: 0 }))), ["limit"])
    }))

  it.effect("of a method of authentication are reported with its name", () =>
    Effect.gen(function*() {
      const secret = Redacted.make("s3cr3t".repeat(20))
      const key = Redacted.make(privateKey)
      const path = (name: string) => `clientAuthentication.${name}`
      const reports = (method: () => ClientAuthentication.ClientAuthentication, names: ReadonlyArray<string>) =>
        Effect.map(
          reported(layer({ clientSecret: undefined, clientAuthentication: method() })),
          (problems) => assert.deepStrictEqual(problems, names.map(path))
        )
      const assertions = {
        life: limits,
        algorithm: ["none", "HS1", 5, null],
        audience: ["", 5, null],
        type: ["", "two\nlines", 5, null],
        header: [5, "x5t", null, [], { x5t: 5 }, { x5t: "" }],
        previous: ["plain", 5, null],
        tymeout: [1]
      }
      for (const [name, values] of Object.entries(assertions)) {
        for (const value of values) {
          const options = { [name]: value }
          yield* reports(() => ClientAuthentication.clientSecretJwt(secret, options), [name])
          yield* reports(() => ClientAuthentication.privateKeyJwt({ key, ...options }), [name])
        }
      }
      yield* reports(() => ClientAuthentication.privateKeyJwt(loose({ key, keyId: 5, keyid: "x" })), ["keyid", "keyId"])
      for (const options of [null, 5, "x", []]) {
        yield* reports(() => ClientAuthentication.clientSecretJwt(secret, loose(options)), ["options"])
        yield* reports(() => ClientAuthentication.privateKeyJwt(loose(options)), ["options", "key"])
      }
      yield* reports(() => ClientAuthentication.custom("own", loose(undefined)), ["prove"])
      yield* reports(() => ClientAuthentication.privateKeyJwt({ key, header: { x5t: "thumbprint" }, life: 1 }), [])
    }))

  it.effect("of modules next to a client are validated in the same way", () =>
    Effect.gen(function*() {
      const legacy = { tokenId: "id", tokenSecret: Redacted.make("s3cr3t"), apiBaseUrl: "https://api.example.com" }
      const legacyToken = (more: object) => LegacyToken.layer(loose({ ...legacy, ...more }))
      assert.deepStrictEqual(yield* reported(legacyToken({})), [])
      assert.deepStrictEqual(yield* reported(legacyToken({ rejectedWhen: { status: 403 } })), ["rejectedWhen.status"])
      assert.deepStrictEqual(yield* reported(legacyToken({ tokenid: "x" })), ["tokenid"])
      // Only a client is used for more than calls.
      assert.deepStrictEqual(yield* reported(legacyToken({ apiBaseUrl: "none" })), ["apiBaseUrl"])
      assert.include(yield* reported(LegacyToken.layer(loose(null))), "options")
      for (const options of [null, 5, []]) {
        assert.deepStrictEqual(yield* reported(NodeTls.layer(loose(options))), ["options"])
      }
      const tls = { ca: 5, certificate: 5, passphrase: "plain", minVersion: "TLSv1", proxyFromEnvironment: 1, caa: "x" }
      for (const [name, value] of Object.entries(tls)) {
        assert.include(yield* reported(NodeTls.layer(loose({ [name]: value }))), name)
      }
      const files = (directory: unknown) => Layer.provide(TokenStore.layerFiles(loose(directory)), NodeContext.layer)
      for (const directory of ["", 5, null, undefined]) {
        assert.deepStrictEqual(yield* reported(files(directory)), ["directory"])
      }
      const discover = (options: unknown) => Layer.effectDiscard(ProtectedResource.discover(loose(options)))
      assert.deepStrictEqual(yield* reported(discover(null)), ["options", "resource", "allowedIssuers"])
      assert.deepStrictEqual(
        yield* reported(discover({ resource: 5, allowedIssuers: "x", allowHttpLoopback: 1, tymeout: 1 })),
        ["tymeout", "resource", "allowedIssuers", "allowHttpLoopback"]
      )
    }))

  it.effect("next to the environment are validated too", () =>
    Effect.gen(function*() {
      const overrides = { tokenEndpoint: { timeout: 0 }, revokeAtShutdown: 1, clientid: "inventory-sync" }
      const wrong = { prefix: 5, overrides }
      const expected = [
        "prefix",
        "overrides.clientid",
        "overrides.tokenEndpoint.timeout",
        "overrides.revokeAtShutdown"
      ]
      const problems = yield* reported(
        Layer.provide(
          ClientCredentials.layerEnv(loose(wrong)),
          [Layer.setConfigProvider(ConfigProvider.fromMap(new Map())), NodeContext.layer]
        )
      )
      assert.deepStrictEqual(problems, expected)
    }))

  it.effect("next to the environment are validated by each layer that reads it", () =>
    Effect.gen(function*() {
      const environment = Layer.setConfigProvider(ConfigProvider.fromMap(new Map()))
      const reads = <A, E>(
        make: (options: unknown) => Layer.Layer<A, E, FileSystem.FileSystem | HttpClient.HttpClient>
      ) =>
        Effect.gen(function*() {
          const problems = (options: unknown) =>
            reported(Layer.provide(make(options), [environment, NodeContext.layer]))
          assert.deepStrictEqual(yield* problems({ prefix: 5, prefx: "x" }), ["prefx", "prefix"])
          assert.include(yield* problems(null), "options")
        })
      yield* reads((options) => ClientConfig.layerEnv(loose(options)))
      yield* reads((options) => NodeTls.layerEnv(loose(options)))
      yield* reads((options) => LegacyToken.layerEnv(loose(options)))
      yield* reads((options) => TokenSeal.layerEnv(loose(options)))
    }))

  it.effect("next to Configs are values, which are validated too", () =>
    Effect.gen(function*() {
      const { clientId, ...rest } = client
      const problems = (more: object) =>
        reported(ClientCredentials.layerConfig(loose({ ...rest, clientId: Config.succeed(clientId), ...more })))
      assert.deepStrictEqual(yield* problems({ audience: undefined, tokenCache: { backOff: undefined } }), [])
      assert.deepStrictEqual(
        yield* problems({ clientId: "", tokenCache: { capacity: Config.succeed(0), retryTimeout: "x" }, scope: null }),
        ["clientId", "scope", "tokenCache.retryTimeout", "tokenCache.capacity"]
      )
      const all = (config: unknown) =>
        Effect.map(
          Effect.all([
            reported(ClientConfig.layerConfig(loose(config))),
            reported(SharedClientCredentials.layerConfig(loose(config))),
            reported(LegacyToken.layerConfig(loose(config))),
            reported(NodeTls.layerConfig(loose(config)))
          ]),
          (each) => each.every((paths) => paths.includes("options"))
        )
      for (const config of ["text", null, [1]]) assert.isTrue(yield* all(config))
      assert.deepStrictEqual(yield* reported(TokenSeal.layerConfig(loose("text"))), ["storeKeys"])
    }))

  it.effect("revokeAtShutdown requires a revocation URL", () =>
    Effect.gen(function*() {
      const revocationUrl = "https://auth.example.com/revoke"
      const revokeAtShutdown = true
      assert.deepStrictEqual(yield* reported(layer({ revokeAtShutdown })), ["revokeAtShutdown"])
      assert.deepStrictEqual(
        yield* reported(
          Layer.provide(ClientCredentials.layerEnv({ overrides: { ...client, revokeAtShutdown } }), [
            Layer.setConfigProvider(ConfigProvider.fromMap(new Map())),
            NodeContext.layer
          ])
        ),
        ["overrides.revokeAtShutdown"]
      )
      for (
        const good of [{ revocationUrl }, { tokenUrl: undefined, issuer: "https://auth.example.com" }]
      ) {
        assert.deepStrictEqual(yield* reported(layer({ revokeAtShutdown, ...good })), [])
      }
    }))

  it.effect("revokeAtShutdown with an issuer without revocation is reported when its metadata arrives", () =>
    Effect.gen(function*() {
      const issuer = "https://auth.example.com"
      const warnings: Array<string> = []
      const logger = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ logLevel, message }) => {
          if (logLevel === LogLevel.Warning) warnings.push(String(message))
        })
      )
      const http = HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(
          request,
          Response.json(
            request.method === "GET"
              ? { issuer, token_endpoint: `${issuer}/token` }
              : { access_token: "token", token_type: "Bearer", expires_in: 60 }
          )
        ))
      )
      yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
        Effect.provide(ClientCredentials.layer({ ...client, tokenUrl: undefined, issuer, revokeAtShutdown: true })),
        Effect.provide([logger, Layer.succeed(HttpClient.HttpClient, http)])
      )
      assert.lengthOf(warnings.filter((text) => /revokeAtShutdown revokes nothing/.test(text)), 1)
    }))
})
