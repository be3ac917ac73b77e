import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import {
  AccessToken,
  ClientCredentials,
  SharedClientCredentials,
  TokenCache,
  TokenRequest,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { Effect, Layer, Logger, LogLevel, Redacted, TestClock } from "effect"

import * as tokenRequests from "../src/internal/models/tokenRequests.js"
import * as issuedTokens from "../src/internal/process/issuedTokens.js"
import { fromRoot } from "./support/repository.js"

const options = {
  tokenUrl: "https://auth.example.com/token",
  revocationUrl: "https://auth.example.com/revoke",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
}

/** Issues tokens of an hour, and collects the warnings of a program. */
const world = () => {
  const warnings: Array<string> = []
  const state = { tokens: 0 }
  const http = HttpClient.make((request) =>
    Effect.sync(() => {
      if (request.url === options.tokenUrl) state.tokens += 1
      const body = { access_token: `token-${state.tokens}`, token_type: "Bearer", expires_in: 3600 }
      return HttpClientResponse.fromWeb(request, Response.json(body))
    })
  )
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ logLevel, message }) => {
      if (logLevel === LogLevel.Warning) warnings.push(String(message))
    })
  )
  return { warnings, state, layer: Layer.merge(Layer.succeed(HttpClient.HttpClient, http), logger) }
}

const token = Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)

/** Runs a request handler that builds its own client. */
const built = (more: object = {}) => Effect.provide(token, ClientCredentials.layer({ ...options, ...more }))

describe("a client that is built repeatedly", () => {
  it.effect("for the same request is reported once in the lifetime of a token", () =>
    Effect.gen(function*() {
      const { layer, state, warnings } = world()
      const ten = Effect.replicateEffect(built(), 10)
      yield* Effect.provide(ten, layer)
      assert.strictEqual(state.tokens, 10)
      assert.strictEqual(warnings.length, 1)
      assert.match(warnings.join(), /Bind a layer to a constant/)
      assert.notMatch(warnings.join(), /s3cr3t|token-\d/)
      yield* TestClock.adjust("61 minutes")
      yield* Effect.provide(ten, layer)
      assert.strictEqual(warnings.length, 2)
    }))

  it.effect("at the same time, or with its own proof key, is reported too", () =>
    Effect.gen(function*() {
      const { layer, warnings } = world()
      yield* Effect.provide(Effect.all([built(), built()], { concurrency: "unbounded" }), layer)
      assert.strictEqual(warnings.length, 1)
      const request = tokenRequests.make({ tokenUrl: options.tokenUrl, clientId: "bound" })
      const clock = {}
      const issue = (thumbprint: string) =>
        issuedTokens.note(clock, {
          owner: {},
          request: new TokenRequest.TokenRequest({ ...request, dpopThumbprint: thumbprint }),
          token: new AccessToken.AccessToken({
            value: Redacted.make(thumbprint),
            scope: undefined,
            requestedAt: 0,
            expiresAt: 1000
          }),
          isFirst: true,
          now: 0
        })
      assert.deepStrictEqual([issue("one"), issue("two")], [undefined, 1000])
    }))

  it.effect("is not reported for one layer, another request, another time, or a token from a store", () =>
    Effect.gen(function*() {
      const { layer, state, warnings } = world()
      const Api = ClientCredentials.layer(options)
      yield* Effect.replicateEffect(token, 10).pipe(Effect.provide(Layer.provideMerge(Api, layer)))
      yield* TestClock.adjust("61 minutes")
      yield* Effect.provide(built(), layer)
      yield* Effect.provide(built({ clientId: "another" }), layer)
      yield* Effect.provide(built({ scope: "items:write" }), layer)
      yield* Effect.provide(built({ parameters: { tenant: "acme" } }), layer)
      assert.deepStrictEqual([state.tokens, warnings], [5, []])

      yield* TestClock.adjust("61 minutes")
      const Store = Layer.merge(
        TokenStore.layerMemory,
        TokenSeal.layer([Redacted.make(Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"))])
      )
      yield* Effect.replicateEffect(
        Effect.suspend(() => Effect.provide(token, SharedClientCredentials.layer(options))),
        10
      )
        .pipe(Effect.provide(Layer.merge(Store, layer)))
      assert.deepStrictEqual([state.tokens, warnings], [6, []])
    }))

  it.effect("after its tokens were revoked is not reported", () =>
    Effect.gen(function*() {
      const { layer, state, warnings } = world()
      yield* Effect.provide(Effect.replicateEffect(built({ revokeAtShutdown: true }), 3), layer)
      assert.deepStrictEqual([state.tokens, warnings], [3, []])
    }))

  it("is detected in bounded memory", () => {
    const clock = {}
    for (let index = 0; index < 1500; index += 1) {
      issuedTokens.note(clock, {
        owner: {},
        request: tokenRequests.make({ clientId: `client-${index}` }),
        token: new AccessToken.AccessToken({
          value: Redacted.make("t"),
          scope: undefined,
          requestedAt: 0,
          expiresAt: 1000
        }),
        isFirst: true,
        now: 0
      })
    }
    assert.strictEqual(issuedTokens.size(clock), 1000)
  })
})

describe("the documentation", () => {
  const root = fileURLToPath(fromRoot(""))
  const files = ["README.md", "SECURITY.md", "guides", "packages"].flatMap((name) =>
    name.endsWith(".md")
      ? [join(root, name)]
      : readdirSync(join(root, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(md|ts|mts)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((path) =>
          !/\/(node_modules|dist|build|test|pack|results|benchmarks|soak|publishing|testing\/src)\//.test(path)
        )
  )

  it("binds the layer of a client to a constant before it provides it", () => {
    assert.isAbove(files.length, 50)
    const inline = files.filter((path) =>
      /provide(Merge)?\((\s*\*)?\s*(\[|Layer\.provide\()?\s*(ClientCredentials|LegacyToken)\.layer/.test(
        readFileSync(path, "utf8")
      )
    )
    assert.deepStrictEqual(inline, [])
  })
})
