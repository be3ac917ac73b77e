import * as Http from "node:http"
import * as Net from "node:net"

import type { HttpClient } from "@effect/platform"
import { FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"

import * as certificates from "./support/certificates.js"
import { printed } from "./support/printed.js"
import * as servers from "./support/servers.js"

const tokens: Http.RequestListener = (_, response) =>
  servers.json(response, 200, { access_token: "t", token_type: "Bearer", expires_in: 60 })

const token = (origin: string, tls: Layer.Layer<HttpClient.HttpClient, unknown>) =>
  Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
    Effect.provide(Layer.provide(
      ClientCredentials.layer({
        tokenUrl: `${origin}/token`,
        clientId: "inventory-sync",
        clientSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: origin
      }),
      tls
    ))
  )

describe("certificates", () => {
  const day = 86_400_000
  for (
    const [name, make, code] of [
      ["from an authority that is trusted", (ca: certificates.Pems) => certificates.server(ca), undefined],
      ["that has expired", (ca: certificates.Pems) =>
        certificates.server(ca, "127.0.0.1", {
          notBeforeDate: new Date(Date.now() - 20 * day),
          notAfterDate: new Date(Date.now() - 10 * day)
        }), "CERT_HAS_EXPIRED"],
      ["that is not valid yet", (ca: certificates.Pems) =>
        certificates.server(ca, "127.0.0.1", {
          notBeforeDate: new Date(Date.now() + 10 * day),
          notAfterDate: new Date(Date.now() + 20 * day)
        }), "CERT_NOT_YET_VALID"],
      [
        "for another host",
        (ca: certificates.Pems) => certificates.server(ca, "127.0.0.2"),
        "ERR_TLS_CERT_ALTNAME_INVALID"
      ],
      ["signed by its owner", () => certificates.selfSigned("127.0.0.1"), "DEPTH_ZERO_SELF_SIGNED_CERT"],
      [
        "from an unknown authority",
        () => Effect.flatMap(certificates.authority("unknown"), (unknown) => certificates.server(unknown)),
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
      ]
    ] as const
  ) {
    it.scopedLive(`T4 ${name}: ${code ?? "accepted"}`, () =>
      Effect.gen(function*() {
        const ca = yield* certificates.authority("trusted")
        const origin = yield* servers.https(yield* make(ca), tokens)
        const outcome = yield* Effect.either(token(origin, NodeTls.layer({ ca: ca.cert })))
        if (code === undefined) {
          assert.strictEqual(outcome._tag, "Right")
        } else {
          assert(outcome._tag === "Left")
          assert.deepInclude(outcome.left, { _tag: "TokenEndpointUnavailable", reason: "certificate", detail: code })
        }
      }))
  }

  it.scopedLive("an old version of TLS is refused", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("trusted")
      const pems = yield* certificates.server(ca)
      const origin = yield* servers.https({ ...pems, maxVersion: "TLSv1.2" }, tokens)
      yield* token(origin, NodeTls.layer({ ca: ca.cert }))
      const outcome = yield* Effect.flip(token(origin, NodeTls.layer({ ca: ca.cert, minVersion: "TLSv1.3" })))
      assert.deepInclude(outcome, { _tag: "TokenEndpointUnavailable" })
    }))
})

describe("options", () => {
  it.scopedLive("are checked one by one, and no key is shown", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("one")
      const own = yield* certificates.client(ca, "own")
      const other = yield* certificates.client(ca, "other")
      const cases: ReadonlyArray<readonly [NodeTls.Options, Array<string>]> = [
        [{ ca: "nonsense" }, ["ca"]],
        [{ certificate: "nonsense", key: Redacted.make(own.private) }, ["certificate"]],
        [{ certificate: own.cert }, ["key"]],
        [{ key: Redacted.make(own.private) }, ["key"]],
        [{ certificate: own.cert, key: Redacted.make(other.private) }, ["key"]],
        [{ ca: ["nonsense"], certificate: "nonsense" }, ["ca", "certificate", "key"]]
      ]
      for (const [options, settings] of cases) {
        const error = yield* Effect.flip(Layer.build(NodeTls.layer(options)))
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting), settings)
        assert.notInclude(printed(error), "PRIVATE KEY")
      }
    }))

  it.scopedLive("are read from the environment", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const ca = yield* certificates.authority("trusted")
      const file = yield* fs.makeTempFileScoped()
      yield* fs.writeFileString(file, ca.cert)
      const origin = yield* servers.https(yield* certificates.server(ca), tokens)
      const from = (environment: Record<string, string>) =>
        NodeTls.layerConfig.pipe(
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))),
          Layer.provide(NodeContext.layer)
        )
      yield* token(origin, from({ OAUTH_TLS_CA_FILE: file, OAUTH_TLS_MIN_VERSION: "TLSv1.3" }))
      const error = yield* Effect.flip(token(origin, from({ OAUTH_TLS_CA_FILE: `${file}.no` })))
      assert.include(String(error), "OAUTH_TLS_CA_FILE to be the path of a file that can be read (NotFound)")
    }).pipe(Effect.provide(NodeContext.layer)))
})

it.scopedLive("a proxy that the environment names is used, unless it is told not to be", () =>
  Effect.gen(function*() {
    const tunnels: Array<string | undefined> = []
    const proxy = Http.createServer().on("connect", (request, socket: Net.Socket, head: Buffer) => {
      tunnels.push(request.url)
      const [host, port] = (request.url ?? "").split(":")
      const upstream = Net.connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        upstream.write(head)
        upstream.pipe(socket)
        socket.pipe(upstream)
      })
      for (const end of [upstream, socket]) end.on("error", () => undefined)
    })
    const proxyOrigin = yield* servers.listening(proxy)
    const ca = yield* certificates.authority("trusted")
    const origin = yield* servers.https(yield* certificates.server(ca), tokens)
    const before = { ...process.env }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        process.env = before
      })
    )
    process.env = { PATH: before["PATH"], HTTPS_PROXY: proxyOrigin }
    yield* token(origin, NodeTls.layer({ ca: ca.cert, proxyFromEnvironment: false }))
    assert.deepStrictEqual(tunnels, [])
    yield* token(origin, NodeTls.layer({ ca: ca.cert }))
    assert.deepStrictEqual(tunnels, [new URL(origin).host])
  }))
