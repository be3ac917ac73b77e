/**
 * Client certificates that are replaced during calls, on real TLS servers, and tokens that are bound to them (RFC 8705
 * section 3).
 */
import { createHash } from "node:crypto"
import { EventEmitter, once } from "node:events"
import * as Fs from "node:fs"
import type * as Http from "node:http"
import type { TLSSocket } from "node:tls"

import { FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { ConfigProvider, Context, Effect, Fiber, Layer, Logger, Redacted, TestClock } from "effect"

import * as certificates from "./support/certificates.js"
import { seriesOf } from "./support/metrics.js"
import { runs } from "./support/runs.js"
import * as servers from "./support/servers.js"

/** The certificate that a request was sent with. */
const presented = (request: Http.IncomingMessage) => {
  const { raw, subject } = (request.socket as TLSSocket).getPeerCertificate()
  return { name: String(subject.CN), thumbprint: createHash("sha256").update(raw).digest("base64url") }
}

/**
 * An authorization server and an API in one, which request certificates. Each token is bound to the certificate that it was
 * requested with, and the API rejects it with any other.
 */
const bindingServer = (ca: certificates.Pems) =>
  Effect.gen(function*() {
    const shown: Array<string> = []
    const issued: Array<string> = []
    const rejected: Array<string> = []
    const origin = yield* servers.https(
      { ...(yield* certificates.server(ca)), ca: ca.cert, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        const { name, thumbprint } = presented(request)
        request.resume()
        if (request.url === "/token") {
          issued.push(name)
          servers.json(response, 200, {
            access_token: `${issued.length}.${thumbprint}`,
            token_type: "Bearer",
            expires_in: 1_000_000
          })
        } else if (request.headers.authorization?.split(".")[1] === thumbprint) {
          shown.push(name)
          servers.json(response, 200, { name })
        } else {
          rejected.push(name)
          response.setHeader("www-authenticate", "Bearer error=\"invalid_token\"")
          servers.json(response, 401, {})
        }
      }
    )
    return { issued, origin, rejected, shown }
  })

const files = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const ca = yield* certificates.authority("trusted")
  yield* fs.writeFileString(`${directory}/ca.pem`, ca.cert)
  const paths = { certificate: `${directory}/tls.crt`, key: `${directory}/tls.key` }
  /** Replaces the whole file in one step, as certificate managers do. */
  const put = (path: string, text: string) => {
    Fs.writeFileSync(`${path}.new`, text)
    Fs.renameSync(`${path}.new`, path)
  }
  const install = (pems: certificates.Pems) => {
    put(paths.certificate, pems.cert)
    put(paths.key, pems.private)
  }
  return { ca, caFile: `${directory}/ca.pem`, install, paths }
})

const client = (
  origin: string,
  { caFile, paths }: Effect.Effect.Success<typeof files>,
  more: Record<string, string> = {}
) =>
  Layer.build(
    ClientCredentials.layerEnv().pipe(
      Layer.provide(NodeTls.layerEnv()),
      Layer.provide(NodeContext.layer),
      Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(
        new Map(Object.entries({
          OAUTH_TOKEN_URL: `${origin}/token`,
          OAUTH_CLIENT_ID: "payments",
          OAUTH_CLIENT_AUTHENTICATION: "tls_client_auth",
          OAUTH_CERTIFICATE_BOUND_TOKENS: "true",
          API_BASE_URL: origin,
          OAUTH_TLS_CA_FILE: caFile,
          OAUTH_TLS_CERTIFICATE_FILE: paths.certificate,
          OAUTH_TLS_KEY_FILE: paths.key,
          ...more
        }))
      )))
    )
  )

const call = (api: ApiClient.Client) => Effect.flatMap(api.get("/items"), ({ text }) => text)

describe("a certificate that is replaced", () => {
  it.scoped("is presented by the next call after a second, with a token that is bound to it: one one two two", () =>
    Effect.gen(function*() {
      const world = yield* files
      const { issued, origin, rejected, shown } = yield* bindingServer(world.ca)
      world.install(yield* certificates.client(world.ca, "one"))
      const api = Context.get(yield* client(origin, world), ApiClient.ApiClient)
      yield* call(api)
      yield* call(api)
      world.install(yield* certificates.client(world.ca, "two"))
      yield* TestClock.adjust("1 second")
      yield* call(api)
      yield* call(api)
      assert.deepStrictEqual(shown, ["one", "one", "two", "two"])
      assert.deepStrictEqual(issued, ["one", "two"])
      assert.deepStrictEqual(rejected, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("that is installed again uses its cached token", () =>
    Effect.gen(function*() {
      const world = yield* files
      const { issued, origin, rejected, shown } = yield* bindingServer(world.ca)
      const one = yield* certificates.client(world.ca, "one")
      const two = yield* certificates.client(world.ca, "two")
      world.install(one)
      const api = Context.get(yield* client(origin, world), ApiClient.ApiClient)
      for (const pems of [one, two, one, two]) {
        world.install(pems)
        yield* TestClock.adjust("1 second")
        yield* call(api)
      }
      assert.deepStrictEqual(shown, ["one", "two", "one", "two"])
      assert.deepStrictEqual(issued, ["one", "two"])
      assert.deepStrictEqual(rejected, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("costs no token where tokens are not bound", () =>
    Effect.gen(function*() {
      const world = yield* files
      const { issued, origin } = yield* bindingServer(world.ca)
      world.install(yield* certificates.client(world.ca, "one"))
      const context = yield* client(origin, world, { OAUTH_CERTIFICATE_BOUND_TOKENS: "false" })
      const { get } = Context.get(context, TokenCache.TokenCache)
      const first = yield* get
      world.install(yield* certificates.client(world.ca, "two"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* get, first)
      assert.deepStrictEqual(issued, ["one"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("keeps the token when nothing states that it is bound, until the API rejects it", () =>
    Effect.gen(function*() {
      const world = yield* files
      const { issued, origin, rejected, shown } = yield* bindingServer(world.ca)
      world.install(yield* certificates.client(world.ca, "one"))
      const api = Context.get(
        yield* client(origin, world, { OAUTH_CERTIFICATE_BOUND_TOKENS: "" }),
        ApiClient.ApiClient
      )
      yield* call(api)
      world.install(yield* certificates.client(world.ca, "two"))
      yield* TestClock.adjust("1 second")
      yield* call(api)
      yield* call(api)
      assert.deepStrictEqual(shown, ["one", "two", "two"])
      assert.deepStrictEqual(rejected, ["two"])
      assert.deepStrictEqual(issued, ["one", "two"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is the certificate for which the cache returns a token, for every caller", () =>
    Effect.gen(function*() {
      const world = yield* files
      const { issued, origin } = yield* bindingServer(world.ca)
      world.install(yield* certificates.client(world.ca, "one"))
      const { get } = Context.get(yield* client(origin, world), TokenCache.TokenCache)
      const first = yield* get
      world.install(yield* certificates.client(world.ca, "two"))
      yield* TestClock.adjust("1 second")
      assert.notStrictEqual(yield* get, first)
      assert.deepStrictEqual(issued, ["one", "two"])
    }).pipe(Effect.provide(NodeContext.layer)))

  const rotations = runs("certificates replaced under load", { quick: 3, full: 100 })

  it.scoped(
    `fails no call: ${rotations} replacements under load, with half-written files in between`,
    () =>
      Effect.gen(function*() {
        const world = yield* files
        const { origin, rejected } = yield* bindingServer(world.ca)
        const pairs = yield* Effect.all(
          Array.from({ length: rotations + 1 }, (_, index) => certificates.client(world.ca, `number ${index}`)),
          { concurrency: 4 }
        )
        const pair = (index: number) => pairs[index] ?? assert.fail()
        world.install(pair(0))
        const api = Context.get(yield* client(origin, world), ApiClient.ApiClient)
        let isOver = false
        let calls = 0
        const caller = Effect.whileLoop({
          while: () => !isOver,
          body: () => call(api),
          step: () => {
            calls += 1
          }
        })
        const load = yield* Effect.fork(
          Effect.all(Array.from({ length: 8 }, () => caller), { concurrency: "unbounded" })
        )
        const aFewCalls = Effect.all([call(api), call(api), call(api)])
        for (let index = 1; index <= rotations; index += 1) {
          const { cert, private: key } = pair(index)
          const broken = [cert.slice(0, cert.length / 2), "", cert][index % 3] ?? ""
          Fs.writeFileSync(world.paths.certificate, broken)
          yield* TestClock.adjust("1 second")
          yield* aFewCalls
          Fs.writeFileSync(world.paths.certificate, cert)
          Fs.writeFileSync(
            world.paths.key,
            index % 3 === 0 ? "" : index % 3 === 1 ? key.slice(0, 40) : pair(index - 1).private
          )
          yield* TestClock.adjust("1 second")
          yield* aFewCalls
          world.install(pair(index))
          yield* TestClock.adjust("1 second")
          // One call reads the files, possibly one of the load; concurrent calls do not wait for it.
          const name = JSON.stringify({ name: `number ${index}` })
          yield* Effect.repeat(call(api), { until: (shown) => shown === name })
        }
        isOver = true
        // A failed call would have ended the test.
        yield* Fiber.join(load)
        assert.deepStrictEqual(rejected, [])
        assert.isAbove(calls, rotations)
      }).pipe(Effect.provide(NodeContext.layer)),
    300_000
  )

  it.scoped("lets calls in progress finish on the old connection, then closes it", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("trusted")
      const steps = new EventEmitter()
      const step = (name: string) => Effect.promise(() => once(steps, name))
      let answer = () => {}
      const origin = yield* servers.https(
        { ...(yield* certificates.server(ca)), requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          const { name } = presented(request)
          request.socket.once("close", () => steps.emit(`${name} ${request.url} closed`))
          if (request.url === "/slow") {
            response.write(name)
            answer = () => response.end(" to the end")
            steps.emit("started")
          } else response.end(name)
        }
      )
      let pems = yield* certificates.client(ca, "one")
      const context = yield* Layer.build(NodeTls.layer({
        ca: ca.cert,
        certificate: Effect.sync(() => pems.cert),
        key: Effect.sync(() => Redacted.make(pems.private))
      }))
      const http = Context.get(context, HttpClient.HttpClient)
      const get = (path: string) => Effect.flatMap(http.get(`${origin}${path}`), ({ text }) => text)
      const started = yield* Effect.fork(step("started"))
      const idleClosed = yield* Effect.fork(step("one /quick closed"))
      const slowClosed = yield* Effect.fork(step("one /slow closed"))
      const slow = yield* Effect.fork(get("/slow"))
      yield* Fiber.join(started)
      assert.strictEqual(yield* get("/quick"), "one")
      pems = yield* certificates.client(ca, "two")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* get("/quick"), "two")
      // The idle one first: the other one has a call in progress.
      yield* Fiber.join(idleClosed)
      answer()
      assert.strictEqual(yield* Fiber.join(slow), "one to the end")
      yield* Fiber.join(slowClosed)
    }))
})

describe("the expiry of a client certificate", () => {
  const day = 86_400_000

  it.scoped("is a metric, and is logged when it is near and when it is reached", () =>
    Effect.gen(function*() {
      const start = Date.UTC(2030, 0, 1)
      yield* TestClock.setTime(start)
      const ca = yield* certificates.authority("trusted")
      const certificate = (name: string, days: number) =>
        certificates.client(ca, name, {
          notBeforeDate: new Date(start),
          notAfterDate: new Date(start + days * day)
        })
      const origin = yield* servers.http((_, response) => response.end())
      let pems = yield* certificate("one", 90)
      const logged: Array<string> = []
      const context = yield* Layer.build(NodeTls.layer({
        certificate: Effect.sync(() => pems.cert),
        key: Effect.sync(() => Redacted.make(pems.private))
      }))
      const call = Effect.flatMap(Context.get(context, HttpClient.HttpClient).get(origin), ({ text }) => text).pipe(
        Effect.provide(Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => {
            logged.push(String(message))
          })
        ))
      )
      const expiry = Effect.map(seriesOf("oauth.tls.certificate_expires_at"), ([one]) => one?.value)
      assert.strictEqual(yield* expiry, start / 1000 + 90 * 86_400)
      yield* TestClock.adjust("75 days")
      yield* call
      assert.deepStrictEqual(logged, [])
      yield* TestClock.adjust("2 days")
      yield* call
      yield* TestClock.adjust("1 day")
      yield* call
      assert.deepStrictEqual(logged, [
        "The TLS client certificate expires at 2030-04-01T00:00:00.000Z, in 13 days. Replace the certificate and its key, " +
        "or check why they were not replaced automatically."
      ])
      yield* TestClock.adjust("12 days")
      yield* call
      yield* TestClock.adjust("1 minute")
      yield* call
      assert.lengthOf(logged, 2)
      assert.include(logged[1], "The TLS client certificate expired at 2030-04-01T00:00:00.000Z")
      pems = yield* certificate("two", 200)
      yield* TestClock.adjust("1 second")
      yield* call
      assert.lengthOf(logged, 2)
      assert.strictEqual(yield* expiry, start / 1000 + 200 * 86_400)
      // Of several clients, the certificate that expires first.
      yield* Effect.scoped(Effect.gen(function*() {
        const other = yield* certificate("three", 100)
        yield* Layer.build(NodeTls.layer({ certificate: other.cert, key: Redacted.make(other.private) }))
        assert.strictEqual(yield* expiry, start / 1000 + 100 * 86_400)
      }))
      assert.strictEqual(yield* expiry, start / 1000 + 200 * 86_400)
    }))
})

describe("an additional certificate authority", () => {
  it.scopedLive("is trusted beside those of Node, and is read from a file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const names = ["node's own", "additional", "unknown"]
      const [own, additional, unknown] = yield* Effect.all(names.map(certificates.authority))
      assert(own !== undefined && additional !== undefined && unknown !== undefined)
      const origin = (ca: certificates.Pems) =>
        Effect.flatMap(certificates.server(ca), (pems) => servers.https(pems, (_, response) => response.end("served")))
      yield* fs.writeFileString(`${directory}/own.pem`, own.cert)
      yield* fs.writeFileString(`${directory}/additional.pem`, additional.cert)
      const get = (ca: certificates.Pems, tls: Layer.Layer<HttpClient.HttpClient, unknown>) =>
        Effect.gen(function*() {
          const http = yield* HttpClient.HttpClient
          return yield* Effect.flatMap(http.get(yield* origin(ca)), ({ text }) => text)
        }).pipe(Effect.provide(tls))
      const fromFile = NodeTls.layerEnv().pipe(
        Layer.provide(NodeContext.layer),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(
          new Map([["OAUTH_TLS_EXTRA_CA_FILE", `${directory}/additional.pem`]])
        )))
      )
      for (const tls of [NodeTls.layer({ extraCa: [additional.cert] }), fromFile]) {
        assert.strictEqual(yield* get(additional, tls), "served")
        yield* Effect.flip(get(unknown, tls))
      }
      yield* Effect.flip(get(additional, NodeTls.layer()))
      const both = yield* Effect.flip(Layer.build(NodeTls.layer({ ca: own.cert, extraCa: additional.cert })))
      assert.deepStrictEqual(both.problems.map(({ setting }) => setting), ["extraCa"])
      const wrong = yield* Effect.flip(Layer.build(NodeTls.layer({ extraCa: "nonsense" })))
      assert.deepStrictEqual(wrong.problems.map(({ setting }) => setting), ["extraCa"])
    }).pipe(Effect.provide(NodeContext.layer)))
})
