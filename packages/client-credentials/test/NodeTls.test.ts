/**
 * Requirements, from guides/requirements.md:
 * - T4: Secrets go over TLS only, to a server whose certificate is valid.
 */
import * as Http from "node:http"
import * as Net from "node:net"
import type { TLSSocket } from "node:tls"

import { FetchHttpClient, FileSystem, HttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, TokenCache } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { ConfigProvider, Effect, Either, Layer, Logger, Redacted, TestClock } from "effect"

import { tlsReader } from "../src/internal/config/tlsReader.js"
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
        apiBaseUrl: origin,
        allowHttpLoopback: true
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
          assert.isTrue(Either.isRight(outcome))
        } else {
          assert(Either.isLeft(outcome))
          assert.deepInclude(outcome.left, { _tag: "TokenEndpointUnavailable", reason: "certificate", detail: code })
        }
      }))
  }

  it.scopedLive("an old version of TLS is rejected", () =>
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
  it.scopedLive("are validated individually, and no key is shown", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("one")
      const own = yield* certificates.client(ca, "own")
      const other = yield* certificates.client(ca, "other")
      const cases: ReadonlyArray<readonly [NodeTls.Options, Array<string>]> = [
        [{ ca: "nonsense" }, ["ca"]],
        [{ ca: [] }, ["ca"]],
        // Node.js would trust the certificates before the truncated one.
        [{ ca: ca.cert.slice(0, 200) }, ["ca"]],
        [{ extraCa: [own.cert, `${ca.cert}${ca.cert.slice(0, -30)}`] }, ["extraCa"]],
        [{ ca: ca.cert.replace(/\n/g, "\\n") }, ["ca"]],
        [{ certificate: "nonsense", key: Redacted.make(own.private) }, ["certificate"]],
        [{ certificate: own.cert }, ["key"]],
        [{ certificate: own.cert, key: Redacted.make("") }, ["key"]],
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
        NodeTls.layerEnv().pipe(
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))),
          Layer.provide(NodeContext.layer)
        )
      yield* token(origin, from({ OAUTH_TLS_CA_FILE: file, OAUTH_TLS_MIN_VERSION: "TLSv1.3" }))
      const error = yield* Effect.flip(token(origin, from({ OAUTH_TLS_CA_FILE: `${file}.no` })))
      assert.include(String(error), "OAUTH_TLS_CA_FILE to be the path of a file that can be read (NotFound)")
    }).pipe(Effect.provide(NodeContext.layer)))
})

/** Replaces the environment of the process until the scope ends. */
const environment = (variables: Record<string, string>) =>
  Effect.gen(function*() {
    const before = { ...process.env }
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        process.env = before
      })
    )
    process.env = { PATH: before["PATH"], ...variables }
  })

/** A proxy that connects to the requested port on this machine, whatever the host. */
const proxyServer = Effect.gen(function*() {
  const requests: Array<string | undefined> = []
  const proxy = Http.createServer((request, response) => {
    requests.push(request.url)
    response.writeHead(502).end()
  }).on("connect", (request, socket: Net.Socket, head: Buffer) => {
    requests.push(request.url)
    const upstream = Net.connect(Number((request.url ?? "").split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n")
      upstream.write(head)
      upstream.pipe(socket)
      socket.pipe(upstream)
    })
    for (const end of [upstream, socket]) end.on("error", () => undefined)
  })
  return { requests, host: new URL(yield* servers.listening(proxy)).host }
})

describe("proxies", () => {
  const host = "auth.example.com"
  const named = Effect.gen(function*() {
    const ca = yield* certificates.authority("trusted")
    const pems = yield* certificates.server(ca, host, {
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }]
    })
    const { port } = new URL(yield* servers.https(pems, tokens))
    return { ca: ca.cert, origin: `https://${host}:${port}`, target: `${host}:${port}` }
  })

  for (
    const [name, variables] of [
      ["HTTPS_PROXY", (proxy: string) => ({ HTTPS_PROXY: `http://${proxy}` })],
      ["HTTPS_PROXY without a scheme", (proxy: string) => ({ HTTPS_PROXY: proxy })],
      ["https_proxy before HTTPS_PROXY", (proxy: string) => ({ https_proxy: proxy, HTTPS_PROXY: "127.0.0.1:9" })],
      ["ALL_PROXY", (proxy: string) => ({ ALL_PROXY: `//${proxy}/` })],
      ["HTTPS_PROXY before ALL_PROXY", (proxy: string) => ({ HTTPS_PROXY: proxy, ALL_PROXY: "socks5://127.0.0.1:9" })]
    ] as const
  ) {
    it.scopedLive(`${name} is used`, () =>
      Effect.gen(function*() {
        const proxy = yield* proxyServer
        const { ca, origin, target } = yield* named
        yield* environment(variables(proxy.host))
        yield* token(origin, NodeTls.layer({ ca }))
        assert.deepStrictEqual(proxy.requests, [target])
        const config = NodeTls.layerEnv().pipe(
          Layer.provide(FileSystem.layerNoop({ readFileString: () => Effect.succeed(ca) })),
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["OAUTH_TLS_CA_FILE", "/ca.pem"]]))))
        )
        yield* token(origin, config)
        assert.deepStrictEqual(proxy.requests, [target, target])
      }))
  }

  it.scopedLive("are not used for loopback addresses, by http: or https:", () =>
    Effect.gen(function*() {
      const proxy = yield* proxyServer
      yield* environment({ HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host, ALL_PROXY: proxy.host })
      const ca = yield* certificates.authority("trusted")
      yield* token(yield* servers.https(yield* certificates.server(ca), tokens), NodeTls.layer({ ca: ca.cert }))
      const local = yield* servers.http(tokens)
      for (const name of ["127.0.0.1", "localhost"]) {
        yield* token(local.replace("127.0.0.1", name), NodeTls.layer())
      }
      assert.deepStrictEqual(proxy.requests, [])
    }))

  it.scopedLive("are not used for hosts that NO_PROXY or the option lists", () =>
    Effect.gen(function*() {
      const proxy = yield* proxyServer
      yield* environment({ HTTPS_PROXY: "socks5://127.0.0.1:9", NO_PROXY: "*" })
      yield* Layer.build(NodeTls.layer())
      yield* environment({ HTTPS_PROXY: "not a proxy" })
      yield* Layer.build(NodeTls.layer({ proxyFromEnvironment: false }))
      const { ca, origin } = yield* named
      yield* environment({ HTTPS_PROXY: proxy.host, NO_PROXY: "example.com" })
      yield* Effect.flip(token(origin, NodeTls.layer({ ca })))
      assert.deepStrictEqual(proxy.requests, [])
    }))

  it.scopedLive("that cannot be read are invalid settings; the error names the variable and shows no password", () =>
    Effect.gen(function*() {
      for (
        const [variable, value, expected] of [
          ["HTTPS_PROXY", "not a proxy", "such as http://proxy.example:3128"],
          ["https_proxy", "http://user:hunter22@proxy example:3128", "such as http://proxy.example:3128"],
          ["HTTP_PROXY", "http:/proxy.example", "such as http://proxy.example:3128"],
          ["ALL_PROXY", "user:hunter22@proxy.example:99999", "such as http://proxy.example:3128"],
          ["HTTPS_PROXY", "http://user:hunter22%@proxy.example", "such as http://proxy.example:3128"],
          ["HTTPS_PROXY", "http://proxy.example/hunter22.pac", "such as http://proxy.example:3128"],
          ["HTTPS_PROXY", "ftp://proxy.example", "such as http://proxy.example:3128"],
          ["all_proxy", "socks5h://user:hunter22@proxy.example:1080", "SOCKS proxies are not supported"]
        ] as const
      ) {
        yield* environment({ [variable]: value })
        const invalid = yield* Effect.flip(Layer.build(NodeTls.layer()))
        assert.strictEqual(invalid._tag, "InvalidConfig")
        assert.deepStrictEqual(invalid.problems.map(({ setting }) => setting), [variable])
        // The current environment: a provider may keep an earlier one.
        const now = Layer.setConfigProvider(ConfigProvider.fromEnv())
        const error = yield* Effect.flip(
          Layer.build(Layer.provide(NodeTls.layerEnv(), Layer.merge(NodeContext.layer, now)))
        )
        for (const text of [printed(invalid), printed(error)]) {
          assert.include(text, variable)
          assert.include(text, expected)
          assert.notInclude(text, "hunter22")
        }
      }
    }))
})

describe("replaced certificates", () => {
  /** Files in memory, a server that records the client certificates that it receives, and calls to it. */
  const started = (keepAlive: boolean) =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("trusted")
      const shown: Array<string | undefined> = []
      const origin = yield* servers.https(
        { ...(yield* certificates.server(ca)), requestCert: true, rejectUnauthorized: false },
        (request, response) => {
          shown.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString())
          if (!keepAlive) response.setHeader("connection", "close")
          response.end("{}")
        }
      )
      const files = new Map<string, string>([["/ca.pem", ca.cert]])
      const install = (name: string) =>
        Effect.map(certificates.client(ca, name), (pems) => {
          files.set("/tls.crt", pems.cert).set("/tls.key", pems.private)
        })
      yield* install("first")
      const fs = FileSystem.layerNoop({
        readFileString: (path) =>
          Effect.suspend(() => {
            const text = files.get(path)
            return text === undefined ? Effect.fail("NotFound" as never) : Effect.succeed(text)
          })
      })
      const variables = {
        OAUTH_TLS_CA_FILE: "/ca.pem",
        OAUTH_TLS_CERTIFICATE_FILE: "/tls.crt",
        OAUTH_TLS_KEY_FILE: "/tls.key"
      }
      const context = yield* Layer.build(
        NodeTls.layerEnv().pipe(
          Layer.provide(fs),
          Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables)))))
        )
      )
      const logged: Array<string> = []
      const call = Effect.flatMap(HttpClient.HttpClient, (client) => client.get(origin)).pipe(
        Effect.flatMap((response) => response.text),
        Effect.provide(context),
        Effect.provide(Logger.replace(
          Logger.defaultLogger,
          Logger.make(({ message }) => {
            logged.push(String(message))
          })
        ))
      )
      return { call, files, install, logged, shown }
    })

  for (const keepAlive of [false, true]) {
    it.scoped(`are presented after a second, ${keepAlive ? "also where" : "not only where"} connections are kept`, () =>
      Effect.gen(function*() {
        const { call, install, logged, shown } = yield* started(keepAlive)
        yield* call
        yield* call
        yield* TestClock.adjust("1 second")
        yield* call
        yield* install("second")
        yield* TestClock.adjust("1 second")
        yield* Effect.all([call, call, call], { concurrency: "unbounded" })
        yield* call
        assert.deepStrictEqual(shown.slice(0, 3), ["first", "first", "first"])
        assert.include(shown, "second")
        assert.strictEqual(shown.at(-1), "second")
        assert.deepStrictEqual(logged, [])
      }))
  }

  it.scoped("are used when certificate and key match; until then the last valid ones are", () =>
    Effect.gen(function*() {
      const { call, files, install, logged, shown } = yield* started(false)
      const old = { certificate: files.get("/tls.crt") ?? "", key: files.get("/tls.key") ?? "" }
      yield* install("second")
      const key = files.get("/tls.key") ?? ""
      files.set("/tls.key", old.key)
      yield* TestClock.adjust("1 second")
      yield* call
      // While only one of two files is written, nothing is reported.
      assert.deepStrictEqual(logged, [])
      files.set("/tls.key", key)
      yield* TestClock.adjust("1 second")
      yield* call
      assert.deepStrictEqual(shown, ["first", "second"])

      files.set("/tls.crt", "nonsense")
      for (let second = 0; second < 5; second++) {
        yield* TestClock.adjust("1 second")
        yield* call
      }
      assert.lengthOf(logged, 1)
      assert.include(logged[0], "certificate: expected a certificate, as PEM. Using the last valid certificates.")
      files.delete("/tls.crt")
      for (let second = 0; second < 5; second++) {
        yield* TestClock.adjust("1 second")
        yield* call
      }
      assert.lengthOf(logged, 2)
      assert.deepStrictEqual(new Set(shown.slice(1)), new Set(["second"]))
      yield* install("third")
      yield* TestClock.adjust("1 second")
      yield* call
      assert.strictEqual(shown.at(-1), "third")

      // A half-written file of authorities must not replace the previous one.
      const authority = files.get("/ca.pem") ?? ""
      files.set("/ca.pem", authority.slice(0, authority.length / 2))
      yield* TestClock.adjust("1 second")
      yield* call
    }))

  it.scoped("keep their connections while the content is the same, also for lists of files", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("trusted")
      const sockets = new Set<unknown>()
      const origin = yield* servers.https(yield* certificates.server(ca), (request, response) => {
        sockets.add(request.socket)
        response.end("{}")
      })
      const context = yield* Layer.build(NodeTls.layer({ ca: Effect.sync(() => [ca.cert, ca.cert]) }))
      for (let second = 0; second < 4; second++) {
        yield* Effect.flatMap(HttpClient.HttpClient, (client) => client.get(origin)).pipe(
          Effect.flatMap((response) => response.text),
          Effect.provide(context)
        )
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual(sockets.size, 1)
    }))

  it.scopedLive("are read from files; invalid ones at the start are an error that names the variable", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const ca = yield* certificates.authority("one")
      const own = yield* certificates.client(ca, "own")
      const other = yield* certificates.client(ca, "other")
      yield* fs.writeFileString(`${directory}/tls.crt`, own.cert)
      const failure = (key: string) =>
        Effect.gen(function*() {
          yield* fs.writeFileString(`${directory}/tls.key`, key)
          return yield* Effect.flip(Layer.build(
            NodeTls.layerEnv().pipe(
              Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(
                new Map([
                  ["OAUTH_TLS_CERTIFICATE_FILE", `${directory}/tls.crt`],
                  ["OAUTH_TLS_KEY_FILE", `${directory}/tls.key`]
                ])
              )))
            )
          ))
        })
      for (const key of [other.private, "nonsense"]) {
        const error = yield* failure(key)
        assert.include(
          String(error),
          "Expected OAUTH_TLS_KEY_FILE to be a file with the private key of the certificate"
        )
        assert.notInclude(printed(error), "PRIVATE KEY")
      }
      const certificate = fs.readFileString(`${directory}/tls.crt`)
      const key = Effect.map(fs.readFileString(`${directory}/none.key`), Redacted.make)
      const error = yield* Effect.flip(Layer.build(NodeTls.layer({ certificate, key })))
      assert.deepStrictEqual(error.problems, [{ setting: "key", expected: "a source that can be read (NotFound)" }])
      const defect = yield* Effect.flip(Layer.build(NodeTls.layer({ certificate: Effect.die("s3cr3t") })))
      assert.deepStrictEqual(defect.problems.map(({ setting }) => setting), ["certificate"])
      assert.notInclude(printed(defect), "s3cr3t")
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("the variables of TLS and proxies beside another HttpClient", () => {
  it.scoped("are reported when no client reads them", () =>
    Effect.suspend(() => {
      const logged: Array<string> = []
      const logger = Logger.make(({ message }) => {
        if (String(message).includes("set, but ignored")) logged.push(String(message))
      })
      const build = (variables: Record<string, string>) =>
        Layer.build(
          ClientCredentials.layerEnv().pipe(
            Layer.provide([FetchHttpClient.layer, NodeContext.layer]),
            Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(
              new Map(Object.entries({
                OAUTH_TOKEN_URL: "https://auth.example.com/token",
                OAUTH_CLIENT_ID: "inventory-sync",
                OAUTH_CLIENT_SECRET: "s3cr3t",
                API_BASE_URL: "https://api.example.com",
                ...variables
              }))
            )))
          )
        )
      const before = tlsReader.isPresent
      return Effect.gen(function*() {
        tlsReader.isPresent = false
        yield* build({})
        yield* build({ HTTPS_PROXY: "" })
        assert.deepStrictEqual(logged, [])
        const ignored = [
          ["OAUTH_TLS_CA_FILE", "/ca.pem"],
          ...["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].map((name) =>
            [name, "http://user:s3cr3t@proxy.example:3128"] as const
          )
        ] as const
        for (const [name, value] of ignored) {
          logged.length = 0
          yield* build({ [name]: value })
          assert.lengthOf(logged, 1, name)
          assert.include(logged[0], `${name} set`)
          assert.include(logged[0], "NodeTls.layerEnv")
          assert.notInclude(logged[0], "s3cr3t")
        }
        yield* Layer.build(NodeTls.layer())
        logged.length = 0
        for (const [name, value] of ignored) yield* build({ [name]: value })
        assert.deepStrictEqual(logged, [])
      }).pipe(
        Effect.ensuring(Effect.sync(() => {
          tlsReader.isPresent = before
        })),
        Effect.provide(Logger.replace(Logger.defaultLogger, logger))
      )
    }))
})
