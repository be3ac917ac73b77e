import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, LegacyToken } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"

const basic = (secret: string) => `Basic ${btoa(`tok_17:${secret}`)}`

const options = { tokenId: "tok_17", apiBaseUrl: "https://api.example.com" }

/** An API that accepts one secret, and the secrets that were sent to it. */
const api = (accepted: () => string) => {
  const http = fakeHttp.make(({ headers }) =>
    Effect.sync(() => new Response("", { status: headers["authorization"] === basic(accepted()) ? 200 : 401 }))
  )
  return { ...http, secrets: () => http.sent.map(({ headers }) => headers["authorization"]) }
}

const statuses = (calls: number) =>
  Effect.flatMap(
    ApiClient.ApiClient,
    (client) => Effect.replicateEffect(Effect.map(client.get("/x"), ({ status }) => status), calls)
  )

describe("the secret of a legacy token", () => {
  it.effect("is read once, and again after a 401; the call is sent once more when it has changed", () =>
    Effect.gen(function*() {
      let [secret, reads] = ["one", 0]
      const { layer, secrets } = api(() => secret)
      const tokenSecret = Effect.sync(() => {
        reads += 1
        return Redacted.make(secret)
      })
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* statuses(3), [200, 200, 200])
        assert.strictEqual(reads, 1)
        secret = "two"
        assert.deepStrictEqual(yield* statuses(2), [200, 200])
        assert.strictEqual(reads, 2)
      }).pipe(Effect.provide(Layer.provide(LegacyToken.layer({ ...options, tokenSecret }), layer)))
      assert.deepStrictEqual(secrets(), ["one", "one", "one", "one", "two", "two"].map(basic))
    }))

  it.effect("is the previous one while the API rejects the current one", () =>
    Effect.gen(function*() {
      let accepted = "old"
      const { layer, secrets } = api(() => accepted)
      const secretsOf = { tokenSecret: Redacted.make("new"), previousTokenSecret: Redacted.make("old") }
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* statuses(2), [200, 200])
        accepted = "new"
        assert.deepStrictEqual(yield* statuses(2), [200, 200])
      }).pipe(Effect.provide(Layer.provide(LegacyToken.layer({ ...options, ...secretsOf }), layer)))
      assert.deepStrictEqual(secrets(), ["new", "old", "old", "old", "new", "new"].map(basic))
    }))

  it.effect("is not sent again without an alternative, and fails with a typed error when it cannot be read", () =>
    Effect.gen(function*() {
      const { layer, sent } = api(() => "another")
      const one = LegacyToken.layer({ ...options, tokenSecret: Redacted.make("one") })
      assert.deepStrictEqual(yield* Effect.provide(statuses(1), Layer.provide(one, layer)), [401])
      assert.lengthOf(sent, 1)
      const away = LegacyToken.layer({ ...options, tokenSecret: Effect.fail("away") })
      const error = yield* Effect.flip(Effect.provide(statuses(1), Layer.provide(away, layer)))
      assert.strictEqual(error._tag, "CredentialUnavailable")
      assert.lengthOf(sent, 1)
    }))

  it.effect("belongs to one client: each that `make` creates has its own, until its scope ends", () =>
    Effect.gen(function*() {
      const { layer, secrets } = api(() => "one")
      yield* Effect.gen(function*() {
        const make = (secret: string) => LegacyToken.make({ ...options, tokenSecret: Redacted.make(secret) })
        const [one, two] = yield* Effect.scoped(Effect.gen(function*() {
          const clients = [yield* make("one"), yield* make("two")] as const
          for (const client of clients) yield* client.get("/x")
          return clients
        }))
        assert.deepStrictEqual(secrets(), ["one", "two"].map(basic))
        for (const client of [one, two]) {
          assert.strictEqual((yield* Effect.flip(client.get("/x")))._tag, "ClientClosed")
        }
        const wrong = LegacyToken.make({ ...options, tokenId: "a:b", tokenSecret: Redacted.make("one") })
        assert.strictEqual((yield* Effect.flip(Effect.scoped(wrong)))._tag, "InvalidConfig")
      }).pipe(Effect.provide(layer))
    }))

  it.scoped("is read from a file, and so is the previous one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = `${yield* fs.makeTempDirectoryScoped()}/secret`
      yield* fs.writeFileString(file, "one\n")
      let accepted = "one"
      const { layer, secrets } = api(() => accepted)
      const variables = {
        LEGACY_TOKEN_ID: "tok_17",
        LEGACY_TOKEN_SECRET_FILE: file,
        LEGACY_TOKEN_SECRET_PREVIOUS: "old",
        API_BASE_URL: options.apiBaseUrl
      }
      const configured = LegacyToken.layerEnv().pipe(
        Layer.provide([layer, Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))])
      )
      yield* Effect.gen(function*() {
        assert.deepStrictEqual(yield* statuses(1), [200])
        yield* fs.writeFileString(file, "two\n")
        accepted = "two"
        assert.deepStrictEqual(yield* statuses(1), [200])
        accepted = "old"
        assert.deepStrictEqual(yield* statuses(1), [200])
      }).pipe(Effect.provide(configured))
      assert.deepStrictEqual(secrets(), ["one", "one", "two", "two", "old"].map(basic))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("is replaced after a response with a status that the environment declares as a rejection", () =>
    Effect.gen(function*() {
      const http = fakeHttp.make(({ headers }) =>
        Effect.sync(() => new Response("", { status: headers["authorization"] === basic("old") ? 200 : 403 }))
      )
      const configured = (statuses: string) =>
        LegacyToken.layerEnv().pipe(
          Layer.provide([
            http.layer,
            NodeContext.layer,
            Layer.setConfigProvider(ConfigProvider.fromMap(
              new Map([
                ["LEGACY_TOKEN_ID", "tok_17"],
                ["LEGACY_TOKEN_SECRET", "new"],
                ["LEGACY_TOKEN_SECRET_PREVIOUS", "old"],
                ["API_BASE_URL", "https://api.example.com"],
                ["API_REJECTED_STATUSES", statuses]
              ])
            ))
          ])
        )
      assert.deepStrictEqual(yield* Effect.provide(statuses(1), configured("403 419")), [200])
      assert.deepStrictEqual(yield* Effect.provide(statuses(1), configured("419")), [403])
      const error = yield* Effect.flip(Effect.provide(statuses(1), configured("4e2")))
      assert.include(String(error), "API_REJECTED_STATUSES")
    }))
})
