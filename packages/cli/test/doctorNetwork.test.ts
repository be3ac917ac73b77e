/**
 * The ways to a server that end before an answer: TLS, proxies, metadata.
 */
import * as Http from "node:http"
import { connect } from "node:net"
import type * as Tls from "node:tls"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as certificates from "../../client-credentials/test/support/certificates.js"
import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

const client = {
  OAUTH_CLIENT_ID: "a",
  OAUTH_CLIENT_SECRET: servers.secret,
  API_BASE_URL: "none"
}

const step = ({ code, step }: support.Finding): string => `${step} ${code}`

/** A token endpoint over TLS with these options. */
const secure = (options: Tls.TlsOptions, name = "127.0.0.1") =>
  Effect.gen(function*() {
    const ca = yield* certificates.authority("The authority")
    const pems = name === "127.0.0.1"
      ? yield* certificates.server(ca)
      : yield* certificates.server(ca, "127.0.0.1", {
        extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: name }] }]
      })
    const url = yield* servers.tls(
      { key: pems.private, cert: pems.cert, ca: ca.cert, ...options },
      (request, response) => {
        response.setHeader("content-type", "application/json")
        response.end(JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 }))
        request.resume()
      }
    )
    return { ca, url }
  })

describe("doctor, over TLS", () => {
  for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
    it.scopedLive(`names a client certificate that is missing, at ${version}`, () =>
      Effect.gen(function*() {
        const { doctor, file } = yield* support.start
        const { ca, url } = yield* secure({
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: version,
          maxVersion: version
        })
        const env = { ...client, OAUTH_TOKEN_URL: `${url}/token`, OAUTH_TLS_CA_FILE: file("ca.pem", ca.cert) }
        const { wrong } = yield* doctor(env)
        assert.deepStrictEqual(wrong.map(step), ["certificate client-certificate"], JSON.stringify(wrong))
        assert.match(wrong[0]?.remedy ?? "", /OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE/)

        const other = yield* certificates.client(yield* certificates.authority("Another"), "client")
        const rejected = yield* doctor({
          ...env,
          OAUTH_TLS_CERTIFICATE_FILE: file("other.pem", other.cert),
          OAUTH_TLS_KEY_FILE: file("other.key", other.private)
        })
        assert.deepStrictEqual(
          rejected.wrong.map(step),
          ["certificate client-certificate"],
          JSON.stringify(rejected.wrong)
        )
        assert.match(rejected.wrong[0]?.message ?? "", /does not accept (?:the client certificate|it)/)

        const own = yield* certificates.client(ca, "client")
        const { exitCode, wrong: none } = yield* doctor({
          ...env,
          OAUTH_TLS_CERTIFICATE_FILE: file("own.pem", own.cert),
          OAUTH_TLS_KEY_FILE: file("own.key", own.private)
        })
        assert.deepStrictEqual([exitCode, none], [0, []])
      }))
  }

  it.scopedLive("names the lowest version that is required, and the one that the server offers", () =>
    Effect.gen(function*() {
      const { doctor, file } = yield* support.start
      const { ca, url } = yield* secure({ maxVersion: "TLSv1.2" })
      const { wrong } = yield* doctor({
        ...client,
        OAUTH_TOKEN_URL: `${url}/token`,
        OAUTH_TLS_CA_FILE: file("ca.pem", ca.cert),
        OAUTH_TLS_MIN_VERSION: "TLSv1.3"
      })
      assert.deepStrictEqual(wrong.map(step), ["certificate tls-version"], JSON.stringify(wrong))
      assert.match(wrong[0]?.message ?? "", /offers TLSv1\.2 at most, and TLSv1\.3 is required/)
      assert.deepStrictEqual(wrong[0]?.fix?.set, { OAUTH_TLS_MIN_VERSION: "TLSv1.2" })
    }))

  it.scopedLive("names an old version that is not secure", () =>
    Effect.gen(function*() {
      const { doctor, file } = yield* support.start
      const { ca, url } = yield* secure({ minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" })
      const { wrong } = yield* doctor({
        ...client,
        OAUTH_TOKEN_URL: `${url}/token`,
        OAUTH_TLS_CA_FILE: file("ca.pem", ca.cert)
      })
      assert.deepStrictEqual(wrong.map(step), ["certificate tls-version"], JSON.stringify(wrong))
      assert.match(wrong[0]?.message ?? "", /offers TLSv1\.1 at most, and TLSv1\.2 is required/)
    }))

  it.scopedLive("names a port without TLS, and a port with it", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const plain = yield* support.issuer(({ issue }) => issue())
      const https = plain.url.replace("http:", "https:")
      const first = yield* doctor({ ...client, OAUTH_TOKEN_URL: https })
      assert.deepStrictEqual(first.wrong.map(step), ["certificate https-at-plain-port"])
      assert.deepStrictEqual(first.wrong[0]?.fix?.set, {
        OAUTH_TOKEN_URL: plain.url,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true"
      })

      const { url } = yield* secure({})
      const http = `${url.replace("https:", "http:")}/token`
      for (
        const [variable, more] of [
          ["OAUTH_TOKEN_URL", { OAUTH_TOKEN_URL: http }],
          ["OAUTH_ISSUER", { OAUTH_ISSUER: http }],
          ["API_BASE_URL", { OAUTH_TOKEN_URL: plain.url, API_BASE_URL: http }]
        ] as const
      ) {
        const { wrong } = yield* doctor({ ...client, OAUTH_ALLOW_HTTP_LOOPBACK: "true", ...more })
        assert.deepStrictEqual(
          wrong.map(({ code }) => code),
          ["http-at-tls-port"],
          `${variable} ${JSON.stringify(wrong)}`
        )
        assert.deepStrictEqual(wrong[0]?.fix?.set, { [variable]: http.replace("http:", "https:") })
      }
    }))

  it.scopedLive("names http: to another host, and to this machine", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const { wrong: [elsewhere] } = yield* doctor({ ...client, OAUTH_TOKEN_URL: "http://auth.example.com/token" })
      assert.deepStrictEqual([elsewhere?.code, elsewhere?.fix?.set], [
        "http",
        { OAUTH_TOKEN_URL: "https://auth.example.com/token" }
      ])
      const { wrong: [here] } = yield* doctor({ ...client, OAUTH_TOKEN_URL: "http://127.0.0.1:1/token" })
      assert.deepStrictEqual([here?.code, here?.fix?.set], ["http-loopback", { OAUTH_ALLOW_HTTP_LOOPBACK: "true" }])
    }))
})

/** A proxy that connects to the requested port on this machine, for any host; or that rejects the request. */
const proxy = (status: (request: Http.IncomingMessage) => number, headers = "") =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const server = Http.createServer((_, response) => response.writeHead(400).end())
    server.on("connect", (request, socket) => {
      seen.push(request.url ?? "")
      const answer = status(request)
      socket.on("error", () => {})
      if (answer !== 200) return void socket.end(`HTTP/1.1 ${answer} No\r\n${headers}\r\n`)
      const through = connect(Number(new URL(`http://${request.url}`).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        through.pipe(socket)
        socket.pipe(through)
      }).on("error", () => socket.destroy())
    })
    return { url: yield* servers.listen(server, "http"), seen }
  })

describe("doctor, through a proxy", () => {
  const start = Effect.gen(function*() {
    const { doctor, file } = yield* support.start
    const { ca, url } = yield* secure({}, "auth.example.test")
    const env = {
      ...client,
      OAUTH_TOKEN_URL: `${url.replace("127.0.0.1", "auth.example.test")}/token`,
      OAUTH_TLS_CA_FILE: file("ca.pem", ca.cert)
    }
    return { doctor, env }
  })

  it.scopedLive("names a proxy that cannot be reached, rejects the user, or rejects the host", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const dead = yield* doctor({ ...env, HTTPS_PROXY: yield* servers.closed })
      assert.deepStrictEqual(dead.wrong.map(step), ["proxy proxy-unreachable"])
      assert.match(dead.wrong[0]?.message ?? "", /\(HTTPS_PROXY\) cannot be reached \(ECONNREFUSED\)/)

      for (
        const [status, code] of [[407, "proxy-authentication"], [403, "proxy-rejects"], [502, "proxy-failed"]] as const
      ) {
        const { url } = yield* proxy(() => status)
        const { wrong } = yield* doctor({ ...env, https_proxy: url.replace("http://", "http://user:c4n4ry@") })
        assert.deepStrictEqual(wrong.map(step), [`proxy ${code}`])
        assert.match(wrong[0]?.message ?? "", new RegExp(`${status}`))
        assert.match(`${wrong[0]?.message} ${wrong[0]?.remedy}`, /https_proxy/)
      }
    }))

  it.scopedLive("names the authentication that a proxy requires, where a user and a password are none", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      for (
        const [challenge, message] of [["Negotiate", /by Negotiate \(407\)/], [
          "Basic",
          /a user and a password/
        ]] as const
      ) {
        const { url } = yield* proxy(() => 407, `Proxy-Authenticate: ${challenge} realm="c4n4ry"\r\n`)
        const { wrong } = yield* doctor({ ...env, https_proxy: url })
        assert.deepStrictEqual(wrong.map(step), ["proxy proxy-authentication"])
        assert.match(wrong[0]?.message ?? "", message)
      }
    }))

  it.scopedLive("states in other commands that it is the proxy", () =>
    Effect.gen(function*() {
      const { user } = yield* support.start
      const { env } = yield* start
      const { url } = yield* proxy(() => 407)
      const { exitCode, stderr } = yield* user.run(["token"], { env: { ...env, https_proxy: url } })
      assert.strictEqual(exitCode, 12)
      assert.match(stderr, /^error: The proxy \(HTTPS_PROXY\) did not connect to https:.*effect-oauth doctor/)
    }))

  it.scopedLive("looks at the certificate through it", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const { url } = yield* proxy(({ headers }) => headers["proxy-authorization"] === undefined ? 407 : 200)
      const { exitCode, findings, wrong } = yield* doctor({ ...env, ALL_PROXY: url.replace("//", "//user:pw@") })
      assert.deepStrictEqual([exitCode, wrong], [0, []])
      assert.deepStrictEqual(findings.slice(1, 3).map(step), ["proxy ok", "certificate ok"])
      const untrusted = yield* doctor({
        ...env,
        ALL_PROXY: url.replace("//", "//user:pw@"),
        OAUTH_TLS_CA_FILE: undefined
      })
      assert.deepStrictEqual(untrusted.wrong.map(step), ["certificate certificate-authority"])
    }))

  it.scopedLive("names NO_PROXY where it keeps the proxy from being used", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const { url } = yield* proxy(() => 200)
      const { wrong } = yield* doctor({ ...env, HTTPS_PROXY: url, NO_PROXY: "localhost,.example.test" })
      assert.deepStrictEqual(wrong.map(step), ["name no-proxy"])
      assert.match(wrong[0]?.message ?? "", /"\.example\.test" in NO_PROXY/)
    }))
})

describe("doctor, with the metadata of an issuer", () => {
  /** A server whose documents are these, by their paths. */
  const documents = (of: (origin: string) => Readonly<Record<string, object | string | number>>, slash = "") =>
    Effect.gen(function*() {
      const found: { origin: string } = { origin: "" }
      found.origin = yield* servers.http((request, response) => {
        const document = of(found.origin)[request.url ?? ""] ?? 404
        if (request.method === "POST") {
          response.writeHead(200, { "content-type": "application/json" })
          return void response.end(JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600 }))
        }
        if (typeof document === "number") return void response.writeHead(document, { location: "/login" }).end()
        response.writeHead(200, { "content-type": typeof document === "string" ? "text/html" : "application/json" })
        response.end(typeof document === "string" ? document : JSON.stringify(document))
      })
      return found.origin + slash
    })

  const document = (issuer: string, tokenEndpoint: string) => ({ issuer, token_endpoint: tokenEndpoint })

  const wellKnown = "/.well-known/openid-configuration"

  interface Situation {
    readonly name: string
    readonly of: (origin: string) => Readonly<Record<string, object | string | number>>
    readonly issuer: (origin: string) => string
    readonly code: string
    readonly message: RegExp
    readonly fix?: (origin: string) => Readonly<Record<string, string>>
  }

  const own = (origin: string) => ({ [wellKnown]: document(origin, `${origin}/oauth/token`) })

  const situations: ReadonlyArray<Situation> = [
    {
      name: "a slash too many",
      of: own,
      issuer: (origin) => `${origin}/`,
      code: "issuer-slash",
      message: /names another issuer, http:\/\/127\.0\.0\.1:\d+, which differs by a slash/,
      fix: (origin) => ({ OAUTH_ISSUER: origin })
    },
    {
      name: "a slash too few",
      of: (origin) => ({ [wellKnown]: document(`${origin}/`, `${origin}/oauth/token`) }),
      issuer: (origin) => origin,
      code: "issuer-slash",
      message: /names another issuer, http:\/\/127\.0\.0\.1:\d+\/, which differs by a slash/,
      fix: (origin) => ({ OAUTH_ISSUER: `${origin}/` })
    },
    {
      name: "the URL of the document",
      of: own,
      issuer: (origin) => origin + wellKnown,
      code: "issuer-is-document",
      message: /URL of a metadata document/,
      fix: (origin) => ({ OAUTH_ISSUER: origin })
    },
    {
      name: "the URL of the document of a realm",
      of: (origin) => ({
        [`/realms/a${wellKnown}`]: document(`${origin}/realms/a`, `${origin}/realms/a/protocol/token`)
      }),
      issuer: (origin) => `${origin}/realms/a${wellKnown}`,
      code: "issuer-is-document",
      message: /URL of a metadata document/,
      fix: (origin) => ({ OAUTH_ISSUER: `${origin}/realms/a` })
    },
    {
      name: "a token URL with metadata",
      of: own,
      issuer: (origin) => `${origin}/oauth/token`,
      code: "issuer-is-token-url",
      message: /is a token URL/,
      fix: (origin) => ({ OAUTH_ISSUER: origin })
    },
    {
      name: "a token URL without metadata",
      of: () => ({}),
      issuer: (origin) => `${origin}/oauth2/token`,
      code: "issuer-is-token-url",
      message: /is a token URL/,
      fix: (origin) => ({ OAUTH_TOKEN_URL: `${origin}/oauth2/token` })
    },
    {
      name: "another issuer of the host",
      of: (origin) => ({
        [wellKnown]: document(`${origin}/tenant`, `${origin}/token`),
        [`/tenant${wellKnown}`]: document(`${origin}/tenant`, `${origin}/token`)
      }),
      issuer: (origin) => origin,
      code: "issuer-mismatch",
      message: /names another issuer, http:\/\/127\.0\.0\.1:\d+\/tenant/,
      fix: (origin) => ({ OAUTH_ISSUER: `${origin}/tenant` })
    },
    {
      name: "a document where none is looked for",
      of: (origin) => ({ [wellKnown]: document(`${origin}/tenant`, `${origin}/token`) }),
      issuer: (origin) => `${origin}/tenant`,
      code: "metadata-elsewhere",
      message: /where none is looked for/,
      fix: (origin) => ({ OAUTH_TOKEN_URL: `${origin}/token` })
    },
    {
      name: "another issuer elsewhere",
      of: () => ({ [wellKnown]: document("https://auth.example.com", "https://auth.example.com/token") }),
      issuer: (origin) => origin,
      code: "issuer-mismatch",
      message: /names another issuer, https:\/\/auth\.example\.com/
    },
    {
      name: "a token endpoint without TLS",
      of: (origin) => ({ [wellKnown]: document(origin, "http://auth.example.com/token") }),
      issuer: (origin) => origin,
      code: "no-token-endpoint",
      message: /no token endpoint with https/
    },
    ...([[404, "no-metadata"], [401, "no-metadata"], [302, "no-metadata-redirect"], [407, "proxy-authentication"], [
      500,
      "no-metadata-unavailable"
    ]] as const)
      .map(([status, code]): Situation => ({
        name: `nothing but ${status}`,
        of: () => ({
          "/.well-known/oauth-authorization-server": status,
          [wellKnown]: status
        }),
        issuer: (origin) => origin,
        code,
        message: new RegExp(String(status))
      })),
    {
      name: "pages for every path",
      of: () => ({ "/.well-known/oauth-authorization-server": "<html></html>", [wellKnown]: "<html></html>" }),
      issuer: (origin) => origin,
      code: "no-metadata-page",
      message: /returns a page/
    },
    {
      name: "an empty document",
      of: () => ({ "/.well-known/oauth-authorization-server": {}, [wellKnown]: {} }),
      issuer: (origin) => origin,
      code: "no-metadata",
      message: /no metadata document/
    }
  ]

  it.scopedLive("names the cause and the change", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      for (const { code, fix, issuer, message, name, of } of situations) {
        const origin = yield* documents(of)
        const env = { ...client, OAUTH_ISSUER: issuer(origin), OAUTH_ALLOW_HTTP_LOOPBACK: "true" }
        const { exitCode, wrong } = yield* doctor(env)
        assert.strictEqual(exitCode, 21, name)
        assert.deepStrictEqual(wrong.map(step), [`discovery ${code}`], `${name}: ${JSON.stringify(wrong)}`)
        assert.match(wrong[0]?.message ?? "", message, name)
        assert.deepStrictEqual(wrong[0]?.fix?.set, fix?.(origin), name)
        if (fix === undefined) continue
        // The change is the right one.
        const changed = { ...env, OAUTH_ISSUER: undefined, ...fix(origin) }
        assert.deepStrictEqual((yield* doctor(changed)).wrong, [], name)
      }
    }))

  it.scopedLive("states until when the metadata is unavailable", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const origin = yield* servers.http((_, response) => response.writeHead(503, { "retry-after": "120" }).end())
      const { wrong } = yield* doctor({ ...client, OAUTH_ISSUER: origin, OAUTH_ALLOW_HTTP_LOOPBACK: "true" })
      assert.deepStrictEqual(wrong.map(step), ["discovery no-metadata-unavailable"])
      assert.match(wrong[0]?.remedy ?? "", /^Try again from \d{4}-\S+Z on, or set OAUTH_TOKEN_URL/)
    }))

  it.scopedLive("finds the token endpoint by the metadata of the server, where the path is wrong", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const found: { origin: string } = { origin: "" }
      found.origin = yield* servers.http((request, response) =>
        request.url === `/realms/a${wellKnown}`
          ? response.end(JSON.stringify(document(`${found.origin}/realms/a`, `${found.origin}/realms/a/connect/token`)))
          : response.writeHead(404).end()
      )
      const { wrong } = yield* doctor({
        ...client,
        OAUTH_TOKEN_URL: `${found.origin}/realms/a/token`,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true"
      })
      assert.deepStrictEqual(wrong.map(step), ["authentication token-url"])
      assert.deepStrictEqual(wrong[0]?.fix?.set, { OAUTH_TOKEN_URL: `${found.origin}/realms/a/connect/token` })
    }))
})
