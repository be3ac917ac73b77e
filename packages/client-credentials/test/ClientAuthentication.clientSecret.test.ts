import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  AccessToken,
  ClientConfig,
  type InvalidConfig,
  type OAuthError,
  ServerMetadata,
  TokenEndpoint,
  TokenRevocation
} from "@effect-oauth/client-credentials"
import { ConfigProvider, Data, Effect, Exit, Fiber, Layer, Logger, Redacted, TestClock } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"
import { absent } from "./support/platformErrors.js"
import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

type Source = Effect.Effect<Redacted.Redacted<string>, unknown>

/** A token endpoint that accepts some secrets, and the secrets that were sent to it. */
const server = (known: () => ReadonlyArray<string>, error = "invalid_client", status = 401) => {
  const tried: Array<string | null> = []
  const { layer } = fakeHttp.make(({ body }) =>
    Effect.sync(() => {
      const secret = new URLSearchParams(body).get("client_secret")
      tried.push(secret)
      return known().includes(secret ?? "")
        ? scenario.tokenJson(`token-${tried.length}`)
        : Response.json({ error, error_description: `no ${secret}` }, { status })
    })
  )
  return { tried, layer }
}

const endpoint = (clientSecret: Source, previousClientSecret?: ClientConfig.Options["previousClientSecret"]) =>
  TokenEndpoint.make().pipe(
    Effect.map(({ request, requestToken }) => Effect.map(requestToken(request), ({ token }) => token)),
    Effect.provide(Layer.provideMerge(
      ServerMetadata.layer(),
      ClientConfig.layer({ ...scenario.options, clientSecret, previousClientSecret })
    ))
  )

/** Returns a source that yields the values in order and repeats the last one; `undefined` fails. */
const inTurn = (...secrets: ReadonlyArray<string | undefined>): Source => {
  let reads = 0
  return Effect.suspend(() => {
    const secret = secrets[Math.min(reads, secrets.length - 1)]
    reads += 1
    return secret === undefined
      ? Effect.fail(new VaultError({ response: "the s3cr3t of another client" }))
      : Effect.succeed(Redacted.make(secret))
  })
}

class VaultError extends Data.TaggedError("VaultError")<{ readonly response: string }> {}

const codeOf = (error: OAuthError.TokenError | InvalidConfig.InvalidConfig) =>
  error._tag === "TokenErrorResponse" ? error.error : error._tag

describe("a client secret from a source", () => {
  it.scoped("is read for every token request", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["one", "two"])
      const request = yield* Effect.provide(endpoint(inTurn("one", "two")), layer)
      yield* request
      yield* request
      assert.deepStrictEqual(tried, ["one", "two"])
    }))

  it.scoped("is read again when the server rejects it, and sent again if it has changed", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["two"])
      yield* Effect.flatten(Effect.provide(endpoint(inTurn("one", "two")), layer))
      assert.deepStrictEqual(tried, ["one", "two"])
    }))

  it.scoped("is not sent again if it has not changed", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => [])
      const error = yield* Effect.flip(Effect.flatten(Effect.provide(endpoint(inTurn("one")), layer)))
      assert.strictEqual(codeOf(error), "invalid_client")
      assert.deepStrictEqual(tried, ["one"])
      assert.notInclude(printed(error), "no one")
    }))

  it.scoped("falls back to the previous one while the server accepts only that one", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["old"])
      const previous = Redacted.make("old")
      yield* Effect.flatten(Effect.provide(endpoint(inTurn("one"), previous), layer))
      assert.deepStrictEqual(tried, ["one", "old"])
    }))

  // Codes of Auth0, Keycloak and Cloud Foundry, codes in capitals, and responses rewritten by a proxy.
  for (
    const code of ["access_denied", "unauthorized_client", "unauthorized", "INVALID_CLIENT", "Unauthorized", "x", ""]
  ) {
    it.scoped(`is rejected by 401 "${code}" too: it is read again, then the previous one is sent, and the message names the secret`, () =>
      Effect.gen(function*() {
        const rotated = server(() => ["two"], code)
        yield* Effect.flatten(Effect.provide(endpoint(inTurn("one", "two")), rotated.layer))
        assert.deepStrictEqual(rotated.tried, ["one", "two"])
        const { layer, tried } = server(() => ["old"], code)
        yield* Effect.flatten(Effect.provide(endpoint(inTurn("one"), Redacted.make("old")), layer))
        assert.deepStrictEqual(tried, ["one", "old"])
        const { message } = yield* Effect.flip(
          Effect.flatten(Effect.provide(endpoint(inTurn("one")), server(() => [], code).layer))
        )
        assert.include(message, "Check the client id and the client secret")
      }))
  }

  for (
    const [status, code] of [
      [400, "unauthorized_client"],
      [403, "access_denied"],
      [400, "access_denied"],
      [401, "invalid_dpop_proof"],
      [401, "use_dpop_nonce"]
    ] as const
  ) {
    it.scoped(`is not suspected after ${status} "${code}": one request is sent, and the message gives no advice on the secret`, () =>
      Effect.gen(function*() {
        const { layer, tried } = server(() => ["old"], code, status)
        const request = Effect.flatten(Effect.provide(endpoint(inTurn("one", "two"), Redacted.make("old")), layer))
        const { message } = yield* Effect.flip(request)
        assert.deepStrictEqual(tried, ["one"])
        assert.notMatch(message, /client secret/i)
      }))
  }

  it.scoped("is retried in the same way when a token is revoked", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["old"], "access_denied")
      const token = new AccessToken.AccessToken({
        value: Redacted.make("token"),
        scope: undefined,
        requestedAt: 0,
        expiresAt: 1
      })
      const config = ClientConfig.layer({
        ...scenario.options,
        revocationUrl: "https://auth.example.com/revoke",
        clientSecret: Redacted.make("one"),
        previousClientSecret: Redacted.make("old")
      })
      const { revoke } = yield* TokenRevocation.make.pipe(
        Effect.provide(Layer.provideMerge(ServerMetadata.layer(), Layer.merge(config, layer)))
      )
      yield* revoke(token)
      assert.deepStrictEqual(tried, ["one", "old"])
    }))

  it.scoped("costs three requests at most", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => [])
      const previous = inTurn("old", "older", "oldest")
      const error = yield* Effect.flip(Effect.flatten(Effect.provide(endpoint(inTurn("1", "2", "3"), previous), layer)))
      assert.strictEqual(codeOf(error), "invalid_client")
      assert.deepStrictEqual(tried, ["1", "2", "old"])
    }))

  it.scoped("is not replaced after another error, and two equal secrets are sent once", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => [])
      yield* Effect.flip(Effect.flatten(Effect.provide(endpoint(inTurn("one"), inTurn("one")), layer)))
      assert.deepStrictEqual(tried, ["one"])
      const rejecting = fakeHttp.make(() =>
        Effect.sync(() => Response.json({ error: "invalid_scope" }, { status: 400 }))
      )
      const error = yield* Effect.flip(
        Effect.flatten(Effect.provide(endpoint(inTurn("one", "two"), inTurn("old")), rejecting.layer))
      )
      assert.strictEqual(codeOf(error), "invalid_scope")
      assert.lengthOf(rejecting.sent, 1)
    }))

  it.scoped("that cannot be read fails with a typed error, and nothing is sent", () =>
    Effect.gen(function*() {
      for (
        const [source, problem] of [
          [inTurn(undefined), "VaultError"],
          // Fails as the platform's file system does.
          [Effect.fail(absent), "NotFound"],
          [inTurn("a\nb"), "it is empty or contains line breaks"],
          [inTurn(""), "it is empty or contains line breaks"],
          [Effect.fail("plain s3cr3t text"), "its source failed"],
          [Effect.promise(() => Promise.reject(new Error("plain s3cr3t text"))), "its source failed"]
        ] as const
      ) {
        const { layer, tried } = server(() => [])
        const error = yield* Effect.flip(Effect.flatten(Effect.provide(endpoint(source), layer)))
        assert(error._tag === "CredentialUnavailable")
        assert.strictEqual(error.problem, problem)
        assert.isTrue(error.retryable)
        assert.include(error.message, "OAUTH_CLIENT_SECRET_FILE")
        assert.notInclude(printed(error), "s3cr3t")
        assert.deepStrictEqual(tried, [])
      }
    }))

  it.scoped("that can no longer be read keeps its last value, with a warning", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["one"])
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => logged.push(message))
      const request = yield* Effect.provide(endpoint(inTurn("one", undefined)), layer)
      yield* Effect.provide(Effect.zipRight(request, request), Logger.add(logger))
      assert.deepStrictEqual(tried, ["one", "one"])
      assert.lengthOf(logged, 1)
      assert.match(String(logged[0]), /could not be used: VaultError.*Using the credential that was read before\./)
    }))

  it.scoped("that never resolves is named in the timeout error, not the server", () =>
    Effect.gen(function*() {
      const { layer, tried } = server(() => ["one"])
      const logged: Array<unknown> = []
      const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => logged.push(message)))
      let isStuck = true
      const source = Effect.suspend(() => isStuck ? Effect.never : Effect.succeed(Redacted.make("one")))
      const request = yield* Effect.provide(endpoint(source), layer)
      const waiting = yield* Effect.fork(Effect.flip(request))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(
        (yield* Fiber.join(waiting)).message,
        "The client secret could not be used: its source did not respond within 10 seconds. Check where it comes from: the " +
          "configuration, or the file that OAUTH_CLIENT_SECRET_FILE (LEGACY_TOKEN_SECRET_FILE) names."
      )
      assert.deepStrictEqual(tried, [])
      // After the first read, the cached secret is used while its source hangs.
      isStuck = false
      yield* request
      isStuck = true
      const again = yield* Effect.fork(Effect.provide(request, logger))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(again)
      assert.deepStrictEqual(tried, ["one", "one"])
      assert.match(String(logged[0]), /did not respond within 10 seconds.*Using the credential that was read before\./)
    }))

  it.scopedLive("is read from its file each time", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, "one\n")
      let known = ["one"]
      const { layer, tried } = server(() => known)
      const environment = {
        OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
        OAUTH_CLIENT_ID: "inventory-sync",
        OAUTH_CLIENT_SECRET_FILE: file,
        OAUTH_CLIENT_SECRET_PREVIOUS: "old",
        API_BASE_URL: "https://api.example.com"
      }
      const { request, requestToken } = yield* TokenEndpoint.make().pipe(
        Effect.provide(Layer.provideMerge(ServerMetadata.layer(), ClientConfig.layerEnv())),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
        Effect.provide(layer)
      )
      yield* requestToken(request)
      yield* fs.writeFileString(file, "two\r\n")
      known = ["two"]
      yield* requestToken(request)
      known = ["old"]
      yield* requestToken(request)
      assert.deepStrictEqual(tried, ["one", "two", "two", "old"])
      // Empty for a moment while it is written: the previous secret is used.
      known = ["two"]
      yield* fs.writeFileString(file, "")
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(requestToken(request))))
    }).pipe(Effect.provide(Layer.merge(NodeContext.layer, Logger.remove(Logger.defaultLogger)))))
})
