/**
 * Tokens are sent only to the configured origins, whatever URL, header or redirect is used.
 */
import { spawn } from "node:child_process"
import type * as Http from "node:http"
import * as Net from "node:net"
import { fileURLToPath } from "node:url"

import type { Headers } from "@effect/platform"
import {
  FetchHttpClient,
  FileSystem,
  HttpBody,
  HttpClient,
  type HttpClientError,
  HttpClientRequest,
  HttpClientResponse
} from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  Authorization,
  ClientAuthentication,
  ClientConfig,
  ClientCredentials,
  LegacyToken,
  OAuthError,
  PromiseClient
} from "@effect-oauth/client-credentials"
import { Cause, ConfigProvider, Effect, Exit, FastCheck as fc, Layer, Redacted, Stream } from "effect"

import { errorOf } from "../support/causes.js"
import * as httpErrors from "../support/httpErrors.js"
import { printed } from "../support/printed.js"
import * as scenario from "../support/scenario.js"
import * as seeded from "../support/seeded.js"
import * as servers from "../support/servers.js"
import { imports } from "../support/transports.js"

type Request = HttpClientRequest.HttpClientRequest

const allowed = ["https://api.example.com", "https://files.example.com:8443"]

/** The request that a transport received. */
interface Sent {
  readonly origin: string
  readonly protocol: string
  readonly userinfo: string
  readonly headers: Headers.Headers
}

const recorder = () => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      if (url.origin !== "https://auth.example.com") {
        const { origin, password, protocol, username } = url
        sent.push({ origin, protocol, userinfo: username + password, headers: request.headers })
      }
      return HttpClientResponse.fromWeb(
        request,
        url.origin === "https://auth.example.com"
          ? Response.json({
            access_token: "t0k3n",
            token_type: request.headers["dpop"] === undefined ? "Bearer" : "DPoP"
          })
          : new Response()
      )
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

const clients = {
  "a bearer token": ClientCredentials.layer({ ...scenario.options, apiOrigins: allowed }),
  "a token with a proof": ClientCredentials.layer({ ...scenario.options, apiOrigins: allowed, dpop: true }),
  "a legacy token": LegacyToken.layer({
    tokenId: "id",
    tokenSecret: Redacted.make("s3cr3t"),
    apiBaseUrl: scenario.options.apiBaseUrl,
    apiOrigins: allowed
  })
}

const counts = { quick: 100, full: 1000 }

const blank = fc.constantFrom("", "", "", "", "\t", "\n", "\r\n", " ", "\0", "\u00a0", "\u3000", "\ufeff", "\u200b")

const scheme = fc.constantFrom(
  ...[
    "https:",
    "https:",
    "https:",
    "HTTPS:",
    "hTTps:",
    "http:",
    "ht\ttps:",
    "https\n:",
    "blob:https:",
    "view-source:https:"
  ],
  ...[
    "wss:",
    "ftp:",
    "file:",
    "data:",
    "javascript:",
    "about:",
    "filesystem:https:",
    "jar:https:",
    "https",
    "//",
    "",
    ":"
  ]
)

const slashes = fc.constantFrom("//", "//", "//", "/", "", "///", "\\\\", "/\\", "\\/", "////", "/\t/", "%2f%2f", "⁄⁄")

const userinfo = fc.constantFrom(
  ...["", "", "", "", "user@", "user:p4ssw0rd@", "@", ":@", "api.example.com@", "api.example.com%40", "a@b@", "%00@"],
  ...[
    "https://api.example.com@",
    "api.example.com:443@",
    "api.example.com%2f@",
    "api.example.com\\@",
    "api.example.com/@"
  ]
)

const host = fc.constantFrom(
  ...["api.example.com", "api.example.com", "files.example.com", "API.Example.COM", "api.example.com.", "evil.example"],
  ...[
    "api.example.com.evil.example",
    "evil.example#api.example.com",
    "evil.example?api.example.com",
    "xapi.example.com"
  ],
  ...["evil.example\\api.example.com", "evil.example/api.example.com", "api.example.com\tevil.example", "example.com"],
  ...["api.example.com\\.evil.example", "api.example.com%2eevil.example", "api%2eexample%2ecom", "api。example。com"],
  ...["аpi.example.com", "api.exаmple.com", "ａｐｉ.example.com", "api.example.com\u00ad", "api\u200b.example.com"],
  ...[
    "xn--pi-7kc.example.com",
    "api.example.com\u3002",
    "apı.example.com",
    "ﬁles.example.com",
    "api.example.ⓒom",
    "ſ.com"
  ],
  ...[
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[v1.a]"
  ],
  ...[
    "0",
    "",
    ".",
    "..",
    "localhost",
    "[::1",
    "a b",
    "a%20b",
    "%",
    "*",
    "api.example.com%00.evil.example",
    "api.example.com;"
  ]
)

const port = fc.constantFrom(
  ...[
    "",
    "",
    "",
    ":443",
    ":0443",
    ":8443",
    ":08443",
    ":80",
    ":0",
    ":",
    ":65536",
    ":443@evil.example",
    ":443\\@evil.example"
  ],
  ...[": 443", ":-1", ":443.evil.example", ":٤٤٣"]
)

const path = fc.oneof(
  fc.constantFrom(
    ...[
      "",
      "/",
      "/items",
      "?q=https://evil.example",
      "#@evil.example",
      "/../../..//evil.example",
      "/%2e%2e/%2e%2e/x",
      "//evil.example"
    ],
    ...[
      "/\\evil.example",
      "\\evil.example",
      "/a/./b/../c",
      "/;@evil.example",
      "/ü",
      "/\ud800",
      "/%00%0d%0aX: y",
      "/\r\nX: y"
    ]
  ),
  fc.constant(`/${"a".repeat(100_000)}`),
  fc.string({ unit: "binary", maxLength: 30 })
)

const absoluteUrl = fc.tuple(blank, scheme, slashes, userinfo, host, port, path, blank).map((parts) => parts.join(""))

const anyUrl = fc.oneof(
  { weight: 6, arbitrary: absoluteUrl },
  { weight: 1, arbitrary: path },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }) },
  { weight: 1, arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true }) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...allowed), path).map(([origin, rest]) => origin + rest) }
)

const change: fc.Arbitrary<(request: Request) => Request> = fc.oneof(
  absoluteUrl.map((url) => HttpClientRequest.prependUrl(url)),
  path.map((url) => HttpClientRequest.appendUrl(url)),
  fc.tuple(fc.string(), absoluteUrl).map(([name, value]) => HttpClientRequest.appendUrlParam(name, value)),
  absoluteUrl.map((hash) => HttpClientRequest.setHash(hash)),
  absoluteUrl.filter((url) => URL.canParse(url)).map((url) => HttpClientRequest.setUrl(new URL(url))),
  host.map((name) => HttpClientRequest.setHeader("host", name))
)

const requests = fc.tuple(anyUrl, fc.array(change, { maxLength: 3 })).map(([url, changes]) =>
  changes.reduce((request, change) => change(request), HttpClientRequest.get(url))
)

const typed = (exit: Exit.Exit<unknown, OAuthError.OAuthError | HttpClientError.HttpClientError>) =>
  Exit.match(exit, {
    onSuccess: () => "Success",
    onFailure: (cause) => {
      const error = errorOf(cause)
      return httpErrors.kindOf(error) ?? error?._tag ?? Cause.pretty(cause)
    }
  })

describe("by URL", () => {
  for (const [name, client] of Object.entries(clients)) {
    for (
      const [place, location] of [["", undefined], [" in a browser", {
        origin: "https://evil.example",
        pathname: "/"
      }]] as const
    ) {
      it.live(`${name} goes to allowed origins only, for every requested URL${place}`, () => {
        const { layer, sent } = recorder()
        return Effect.gen(function*() {
          const api = yield* ApiClient.ApiClient
          const outcomes = new Map<string, number>()
          const check = async (request: Request) => {
            sent.length = 0
            const outcome = typed(await Effect.runPromiseExit(api.execute(request)))
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            if (outcome !== "Success") {
              assert.match(outcome, /^(OriginNotAllowed|PathNotAllowed|RequestError \w+)$/)
              assert.lengthOf(sent, 0)
              return
            }
            assert.lengthOf(sent, 1)
            for (const one of sent) {
              assert.isDefined(one.headers["authorization"])
              assert.include(allowed, one.origin)
              assert.strictEqual(one.protocol, "https:")
              assert.strictEqual(one.userinfo, "")
              assert.isUndefined(one.headers["host"])
            }
          }
          const parameters = seeded.parameters(`URLs for ${name}${place}`, counts)
          yield* Effect.acquireUseRelease(
            Effect.sync(() => Object.assign(globalThis, location === undefined ? {} : { location })),
            () =>
              Effect.promise(() =>
                fc.assert(
                  fc.asyncProperty(requests, check),
                  parameters as fc.Parameters<[Request]>
                )
              ),
            () => Effect.sync(() => Reflect.deleteProperty(globalThis, "location"))
          )
          // Otherwise the property would prove nothing.
          assert.isAbove(outcomes.get("Success") ?? 0, (parameters.numRuns ?? 0) / 20)
          assert.isAbove(outcomes.get("OriginNotAllowed") ?? 0, (parameters.numRuns ?? 0) / 20)
        }).pipe(Effect.provide(Layer.provide(client, layer)))
      })
    }
  }

  for (
    const url of [
      "blob:https://api.example.com/3f8a2c1e",
      "blob:https:\\\\api.example.com",
      "https://api.example.com:8443",
      "//evil.example@api.example.com:8443"
    ]
  ) {
    it.effect(`treats ${url} as another origin than the API`, () => {
      const { layer, sent } = recorder()
      return Effect.gen(function*() {
        const api = yield* ApiClient.ApiClient
        const outcome = typed(yield* Effect.exit(api.get(url)))
        assert.strictEqual(outcome, url.startsWith("//") ? "Success" : "OriginNotAllowed")
        for (const { origin } of sent) assert.strictEqual(origin, "https://api.example.com")
      }).pipe(Effect.provide(Layer.provide(clients["a bearer token"], layer)))
    })
  }

  it.effect("rejects a user name or a password in a URL, and shows neither", () => {
    const { layer, sent } = recorder()
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      for (const userinfo of ["us3r", "us3r:p4ssw0rd", ":p4ssw0rd", "us3r:"]) {
        const error = yield* Effect.flip(api.get(`https://${userinfo}@api.example.com/items`))
        assert.strictEqual(httpErrors.kindOf(error), "RequestError InvalidUrl")
        assert.include(error.message, "contains a user name or a password")
        assert.notMatch(printed(error), /us3r|p4ssw0rd/)
      }
      assert.lengthOf(sent, 0)
    }).pipe(Effect.provide(Layer.provide(clients["a bearer token"], layer)))
  })
})

describe("by path", () => {
  const options = { ...scenario.options, apiBaseUrl: "https://api.example.com/v1" }
  const build = (more: Partial<ClientCredentials.Options> = {}) => {
    const urls: Array<string> = []
    const http = HttpClient.make((request, url) =>
      Effect.sync(() => {
        if (url.origin === "https://auth.example.com") {
          return HttpClientResponse.fromWeb(request, scenario.tokenJson("t0k3n"))
        }
        urls.push(url.href)
        return HttpClientResponse.fromWeb(request, new Response())
      })
    )
    return {
      urls,
      layer: Layer.provide(ClientCredentials.layer({ ...options, ...more }), Layer.succeed(HttpClient.HttpClient, http))
    }
  }

  const outside = [
    "/items/../../admin",
    "/items/%2e%2e/%2E%2E/admin",
    "/items/.%2e/%2E./../admin",
    "/../admin",
    "../admin",
    "..",
    "/..\\admin",
    "..\\..\\admin",
    "/%2e%2e%5cadmin",
    "/items/..%5c..%5Cadmin",
    "/items/..%2f..%2Fadmin",
    "/items/%252e%252e/%252e%252e/admin",
    "/items/%252E%252e%252f..%252fadmin",
    "/items/%25252e%25252e%25252f%25252e%25252e%25252fadmin",
    "/..;/admin",
    "/items/..;a=b/..;/admin",
    "/%2e%2e%3b/admin",
    "/.%00./admin",
    "/..%20/admin",
    "/..%09/admin",
    "/.\t./admin",
    "/items//..;/..;/admin",
    "/%c0%ae%c0%ae/admin",
    "/..%c0%afadmin",
    "/%u002e%u002e/admin",
    "/．．/admin",
    "/..?next=items",
    "https://api.example.com/admin",
    "https://api.example.com/v2/items",
    "https://api.example.com/v1/../admin",
    "https://api.example.com/v1/..%2fadmin",
    "https://api.example.com/v10/items",
    "https://api.example.com"
  ]

  it.effect("rejects a URL that leaves the base path before anything is sent, including a token request", () => {
    const { layer, urls } = build()
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      for (const url of outside) {
        const error = yield* Effect.flip(api.get(url))
        assert(error._tag === "PathNotAllowed", `${url}: ${error._tag}`)
        assert.include(error.message, "allowOutsideBasePath (API_ALLOW_OUTSIDE_BASE_PATH=true)")
        assert.strictEqual(error.baseUrl, "https://api.example.com/v1")
        assert.notInclude(error.path, "?")
      }
      assert.deepStrictEqual(urls, [])
    }).pipe(Effect.provide(layer))
  })

  it("PromiseClient rejects the same URLs", async () => {
    const { layer, urls } = build()
    const client = PromiseClient.make(layer)
    for (const url of outside) {
      const error: unknown = await client.fetch(url).then(() => undefined, (reason: unknown) => reason)
      assert(OAuthError.isOAuthError(error), url)
      assert.strictEqual(error._tag, "PathNotAllowed", url)
    }
    assert.deepStrictEqual(urls, [])
    await client.fetch("/items/7?of=../9")
    await client.fetch(new URL("https://api.example.com/v1/items/%41"))
    await client.close()
    assert.deepStrictEqual(urls, [
      "https://api.example.com/v1/items/7?of=../9",
      "https://api.example.com/v1/items/%41"
    ])
  })

  const inside = [
    ["/items/7?of=9", "/v1/items/7?of=9"],
    ["", "/v1"],
    ["/", "/v1/"],
    ["/items?next=../../x&p=%2e%2e/%2e%2e#../..", "/v1/items?next=../../x&p=%2e%2e/%2e%2e#../.."],
    ["?next=/../..", "/v1?next=/../.."],
    ["/items/../orders", "/v1/orders"],
    ["/items/a..b/...", "/v1/items/a..b/..."],
    ["/items/100%25", "/v1/items/100%25"],
    ["/items/a%2Fb%252Fc", "/v1/items/a%2Fb%252Fc"],
    ["/items/%E2%82%AC;v=1", "/v1/items/%E2%82%AC;v=1"],
    ["//evil.example/x", "/v1//evil.example/x"],
    ["/\\evil.example", "/v1//evil.example"],
    ["@evil.example", "/v1/@evil.example"],
    ["https://api.example.com/v1", "/v1"],
    ["https://api.example.com/v1?page=2", "/v1?page=2"],
    ["https://api.example.com/v1/items", "/v1/items"]
  ] as const

  it.effect("every other URL is sent unchanged, without its fragment", () => {
    const { layer, urls } = build()
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      for (const [url, expected] of inside) {
        urls.length = 0
        yield* api.get(url)
        assert.deepStrictEqual(urls, [`https://api.example.com${expected.replace(/#.*/, "")}`], url)
      }
    }).pipe(Effect.provide(layer))
  })

  for (
    const [name, more] of [
      ["with the option", { allowOutsideBasePath: true }],
      ["of a base URL without a path", { apiBaseUrl: "https://api.example.com/" }],
      ["at another allowed origin", { apiBaseUrl: "https://a.example/v1", apiOrigins: ["https://api.example.com"] }]
    ] as const
  ) {
    it.effect(`any path is allowed ${name}`, () => {
      const { layer, urls } = build(more)
      return Effect.gen(function*() {
        const api = yield* ApiClient.ApiClient
        yield* api.get("https://api.example.com/v2/../v3/..%2fx")
        assert.deepStrictEqual(urls, ["https://api.example.com/v3/..%2fx"])
      }).pipe(Effect.provide(layer))
    })
  }

  it("the option is read from the environment, and is a flag", () => {
    const read = (value: string) =>
      LegacyToken.layerEnv().pipe(
        Layer.provide([
          recorder().layer,
          FileSystem.layerNoop({}),
          Layer.setConfigProvider(ConfigProvider.fromMap(
            new Map([
              ["LEGACY_TOKEN_ID", "id"],
              ["LEGACY_TOKEN_SECRET", "s3cr3t"],
              ["API_BASE_URL", "https://api.example.com/v1"],
              ["API_ALLOW_OUTSIDE_BASE_PATH", value]
            ])
          ))
        ]),
        (layer) =>
          Effect.runSyncExit(
            Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/../x")).pipe(
              Effect.provide(layer)
            )
          )
      )
    assert.isTrue(Exit.isSuccess(read("true")))
    assert.include(printed(read("false")), "PathNotAllowed")
    assert.include(printed(read("yes")), "API_ALLOW_OUTSIDE_BASE_PATH")
  })

  /** Reads a path as a careless server does: decoded, then without dot segments, empty segments and parameters. */
  const read = (path: string, times: number): string => {
    let text = path
    for (let count = 0; count < times; count += 1) {
      text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    }
    const segments: Array<string> = []
    for (const segment of text.split(/[/\\]/)) {
      const name = segment.replace(/;.*$/s, "")
      if (name === "..") segments.pop()
      else if (name !== "" && name !== ".") segments.push(name)
    }
    return `/${segments.join("/")}`
  }

  it.live("no relative URL leads out of the base path, however a server reads it", () => {
    const { layer, urls } = build()
    const part = fc.constantFrom(
      ...[
        "..",
        ".",
        "%2e",
        "%2E",
        ".%2e",
        "%252e",
        "%25252e",
        "/",
        "/",
        "/",
        "\\",
        "%5c",
        "%255C",
        "%2f",
        "%252f",
        ";"
      ],
      ...["%3b", "a", "items", "v1", "//", "?", "#", "%", "%zz", "%25", "@", ":", "\t", "%00", " ", "é", "%c0%ae"]
    )
    const relative = fc.oneof(
      { weight: 6, arbitrary: fc.array(part, { maxLength: 14 }).map((parts) => parts.join("")) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) }
    )
    return Effect.gen(function*() {
      const api = yield* ApiClient.ApiClient
      const outcomes = new Map<string, number>()
      const parameters = seeded.parameters("relative URLs", { quick: counts.full, full: counts.full })
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(relative, async (url) => {
            urls.length = 0
            const outcome = typed(await Effect.runPromiseExit(api.get(url)))
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
            if (outcome !== "Success") {
              assert.match(outcome, /^(OriginNotAllowed|PathNotAllowed|RequestError \w+)$/)
              assert.lengthOf(urls, 0)
              return
            }
            assert.lengthOf(urls, 1)
            const { origin, pathname } = new URL(urls[0] ?? "")
            assert.strictEqual(origin, "https://api.example.com")
            for (const times of [0, 1, 2, 3]) assert.match(read(pathname, times), /^\/v1(\/|$)/)
          }),
          parameters as fc.Parameters<[string]>
        )
      )
      // Otherwise the property would prove nothing.
      assert.isAbove(outcomes.get("Success") ?? 0, (parameters.numRuns ?? 0) / 20)
      assert.isAbove(outcomes.get("PathNotAllowed") ?? 0, (parameters.numRuns ?? 0) / 50)
    }).pipe(Effect.provide(layer))
  })

  it("wildcards in apiOrigins are invalid, and the message states it", () => {
    for (const origin of ["https://*.example.com", "*", "https://*", "https://%2a.example.com", "https://a.*"]) {
      const error = Effect.runSync(Effect.flip(ClientConfig.make({ ...options, apiOrigins: [origin] })))
      assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["apiOrigins"], origin)
      assert.include(error.message, "wildcards are not supported")
    }
  })
})

const transports: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
]

const tokens = (request: Http.IncomingMessage, response: Http.ServerResponse, token = "t0k3n") =>
  servers.json(response, 200, {
    access_token: token,
    token_type: request.headers["dpop"] === undefined ? "Bearer" : "DPoP",
    expires_in: 60
  })

const client = (
  origin: string,
  transport: Layer.Layer<HttpClient.HttpClient>,
  more: Partial<ClientCredentials.Options> = {}
) =>
  Effect.map(
    Layer.build(Layer.provide(
      ClientCredentials.layer({
        tokenUrl: `${origin}/token`,
        clientId: "inventory-sync",
        clientSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: origin,
        allowHttpLoopback: true,
        tokenCache: { retryTimeout: 0 },
        ...more
      }),
      transport
    )),
    (services) => ({
      execute: (request: Request) =>
        Effect.provide(Effect.flatMap(ApiClient.ApiClient, (api) => api.execute(request)), services)
    })
  )

describe("by redirect", () => {
  const bodies = {
    GET: HttpClientRequest.get("/items"),
    "POST of a string": HttpClientRequest.bodyText(HttpClientRequest.post("/items"), "bolt"),
    "POST of a stream": HttpClientRequest.bodyStream(
      HttpClientRequest.post("/items"),
      Stream.make(new TextEncoder().encode("bolt"))
    )
  }
  for (const [name, transport] of transports) {
    for (const dpop of [false, true]) {
      it.scopedLive(`no ${dpop ? "token and no proof" : "token"} goes to another origin over ${name}`, () =>
        Effect.gen(function*() {
          const stolen: Array<Http.IncomingHttpHeaders> = []
          const thief = yield* servers.http((request, response) => {
            stolen.push(request.headers)
            request.resume().on("end", () => response.end("{}"))
          })
          let calls = 0
          const origin = yield* servers.http((request, response) => {
            if (request.url === "/token") return tokens(request, response)
            calls += 1
            assert.isDefined(request.headers.authorization)
            request.resume().on("end", () => {
              response.writeHead(Number(request.headers["x-status"]), { location: `${thief}/items` }).end()
            })
          })
          for (const request of Object.values(bodies)) {
            // A separate client for each, so that each sends its first request.
            const api = yield* client(origin, transport, { dpop })
            for (const status of [301, 302, 303, 307, 308]) {
              const exit = yield* Effect.exit(
                api.execute(HttpClientRequest.setHeader(request, "x-status", String(status)))
              )
              if (dpop || name !== "fetch") {
                assert(Exit.isSuccess(exit))
                assert.strictEqual(exit.value.status, status)
              } else if (Exit.isFailure(exit)) {
                // fetch cannot send some bodies again.
                assert.strictEqual(typed(exit), "RequestError Transport")
              }
            }
          }
          assert.strictEqual(calls, 15)
          if (dpop || name !== "fetch") assert.lengthOf(stolen, 0)
          else assert.isNotEmpty(stolen)
          for (const headers of stolen) {
            assert.isUndefined(headers.authorization)
            assert.isUndefined(headers["dpop"])
          }
        }))
    }
  }

  it.scopedLive("the user's options for fetch are kept for calls with a proof", () =>
    Effect.gen(function*() {
      const seen: Array<Http.IncomingHttpHeaders> = []
      const origin = yield* servers.http((request, response) => {
        if (request.url === "/token") return tokens(request, response)
        seen.push(request.headers)
        response.writeHead(302, { location: "/elsewhere" }).end()
      })
      let fetched = 0
      const init = Layer.succeed(FetchHttpClient.RequestInit, { headers: { "x-user": "set" }, redirect: "follow" })
      const own = Layer.succeed(FetchHttpClient.Fetch, (...args) => {
        fetched += 1
        return fetch(...args)
      })
      const api = yield* client(origin, Layer.provide(FetchHttpClient.layer, [init, own]), { dpop: true })
      for (const request of [bodies.GET, bodies["POST of a string"], bodies["POST of a stream"]]) {
        assert.strictEqual((yield* api.execute(request)).status, 302)
      }
      const visible = Effect.provideService(api.execute(bodies.GET), FetchHttpClient.RequestInit, {
        headers: { "x-user": "in sight" }
      })
      assert.strictEqual((yield* visible).status, 302)
      assert.deepStrictEqual(seen.map((headers) => headers["x-user"]), ["set", "set", "set", "in sight"])
      assert.strictEqual(fetched, 5)
    }))
})

describe("by header", () => {
  /** Receives raw bytes. The API returns a length and nothing else. */
  const rawServer = (tokenBody: () => string, more: () => string = () => "") =>
    Effect.acquireRelease(
      Effect.async<{ readonly origin: string; readonly heard: Array<string> }>((resume) => {
        const heard: Array<string> = []
        const server = Net.createServer((socket) => {
          socket.on("error", () => undefined).on("data", (data) => {
            const text = data.toString("latin1")
            heard.push(text)
            const body = text.startsWith("POST /token") ? tokenBody() : "{}"
            socket.write(
              `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${more()}content-length: ${
                Buffer.byteLength(body)
              }\r\n\r\n${body}`
            )
          })
        })
        server.listen(0, "127.0.0.1", () => {
          const origin = `http://127.0.0.1:${(server.address() as Net.AddressInfo).port}`
          resume(Effect.succeed({ origin, heard, server } as { origin: string; heard: Array<string> }))
        })
      }),
      (started) => Effect.sync(() => (started as unknown as { readonly server: Net.Server }).server.close())
    )

  const hostile = [
    "a\r\nX-Injected: 1",
    "a\nX-Injected: 1",
    "a\rX-Injected: 1",
    "a\0",
    "a\u001b",
    "ā",
    "\u2028",
    "a\r\n\r\nGET /x HTTP/1.1"
  ]

  /** Asserts that the bytes contain one request line and no header that the client did not set. */
  const isOneRequest = (text: string) => {
    const [head = ""] = text.split("\r\n\r\n")
    assert.match(head, /^(GET|POST) \/[\x21-\x7e]* HTTP\/1\.1\r\n/)
    for (const line of head.split("\r\n").slice(1)) assert.match(line, /^[\w-]+: [\t\x20-\x7e]*$/)
    assert.notMatch(head, /^x-injected/im)
    assert.lengthOf(text.match(/ HTTP\/1\.1\r\n/g) ?? [], 1)
  }

  for (const [name, transport] of transports) {
    describe(`over ${name}`, () => {
      it.scopedLive("a token that cannot be a header value is rejected", () =>
        Effect.gen(function*() {
          let token = ""
          const { heard, origin } = yield* rawServer(() =>
            JSON.stringify({ access_token: token, token_type: "Bearer" })
          )
          for (const value of hostile) {
            token = value
            const api = yield* client(origin, transport)
            const error = yield* Effect.flip(api.execute(HttpClientRequest.get("/items")))
            assert(error._tag === "InvalidTokenResponse")
            assert.include(error.message, "without a usable access_token")
          }
          assert.lengthOf(heard.filter((text) => text.startsWith("GET")), 0)
        }))

      it.scopedLive("a value set by a caller is rejected with a typed error, or is one header", () =>
        Effect.gen(function*() {
          const { heard, origin } = yield* rawServer(() => `{"access_token":"t0k3n","token_type":"Bearer"}`)
          const api = yield* client(origin, transport)
          for (const value of hostile) {
            for (
              const request of [
                HttpClientRequest.setHeader(HttpClientRequest.get("/items"), "x-own", value),
                HttpClientRequest.setHeader(HttpClientRequest.get("/items"), value, "own"),
                HttpClientRequest.setHeader(HttpClientRequest.get("/items"), "dpop", value)
              ]
            ) {
              const error = yield* Effect.flip(api.execute(request))
              assert.strictEqual(httpErrors.kindOf(error), "RequestError Encode")
              assert.include(error.message, "Nothing was sent")
            }
          }
          assert.lengthOf(heard, 0)
          // In a URL it is encoded.
          for (const value of hostile) {
            yield* api.execute(HttpClientRequest.get(`/items/${value}?q=${value}`))
            yield* api.execute(HttpClientRequest.get("/items").pipe(HttpClientRequest.appendUrlParam(value, value)))
            yield* api.execute(HttpClientRequest.get(`${origin}/${value}`))
            yield* api.execute(HttpClientRequest.setHash(HttpClientRequest.get("/items"), value))
          }
          assert.lengthOf(heard, 1 + 4 * hostile.length)
          heard.forEach(isOneRequest)
        }))

      it.scopedLive("a custom authorization that cannot be a header value is rejected, and not shown", () =>
        Effect.gen(function*() {
          const { heard, origin } = yield* rawServer(() => "{}")
          for (const value of hostile) {
            const api = yield* ApiClient.make.pipe(
              Effect.provideService(Authorization.Authorization, {
                api: { baseUrl: origin, origins: new Set([origin]) },
                authorize: (request) =>
                  Effect.succeed({
                    request: HttpClientRequest.setHeader(request, "authorization", `Own c4n4ry ${value}`),
                    credential: Redacted.make(value)
                  }),
                onResponse: () => Effect.succeed(false),
                invalidate: () => Effect.succeed(false),
                confirm: () => Effect.void
              }),
              Effect.provide(transport)
            )
            const error = yield* Effect.flip(api.execute(HttpClientRequest.get("/items")))
            assert.strictEqual(httpErrors.kindOf(error), "RequestError Encode")
            assert.notInclude(printed(error), "c4n4ry")
          }
          assert.lengthOf(heard, 0)
        }))

      it.scopedLive("values of the configuration are encoded or rejected", () =>
        Effect.gen(function*() {
          const { heard, origin } = yield* rawServer(() => `{"access_token":"t0k3n","token_type":"Bearer"}`)
          let rejected = 0
          for (const value of hostile) {
            for (const clientAuthentication of ["client_secret_basic", "client_secret_post"] as const) {
              for (
                const setting of [
                  { clientId: value },
                  { clientSecret: Redacted.make(value) },
                  { audience: value },
                  { scope: value },
                  { resource: `https://api.example.com/${value}` },
                  { parameters: { [value]: value } },
                  { tokenUrl: `${origin}/token?${value}` },
                  { apiBaseUrl: `${origin}/${value}` }
                ]
              ) {
                const exit = yield* Effect.exit(
                  Effect.flatMap(
                    client(origin, transport, { clientAuthentication, ...setting }),
                    (api) => api.execute(HttpClientRequest.get("/items"))
                  )
                )
                if (Exit.isFailure(exit)) {
                  assert.strictEqual(errorOf(exit.cause)?._tag, "InvalidConfig", Cause.pretty(exit.cause))
                  rejected += 1
                }
              }
            }
          }
          assert.isAbove(rejected, 0)
          assert.isAbove(heard.length, 0)
          heard.forEach(isOneRequest)
        }))

      it.scopedLive("a proof of the client that cannot be a header value is rejected", () =>
        Effect.gen(function*() {
          const { heard, origin } = yield* rawServer(() => `{"access_token":"t0k3n","token_type":"Bearer"}`)
          for (const value of hostile) {
            for (const headers of [{ authorization: `Workload c4n4ry ${value}` }, { [value]: "c4n4ry" }]) {
              const api = yield* client(origin, transport, {
                clientSecret: undefined,
                clientAuthentication: ClientAuthentication.custom("workload", () => Effect.succeed({ headers }))
              })
              const error = yield* Effect.flip(api.execute(HttpClientRequest.get("/items")))
              assert(error._tag === "CredentialUnavailable")
              assert.include(error.message, "invalid")
              assert.notInclude(printed(error), "c4n4ry")
            }
          }
          assert.lengthOf(heard, 0)
        }))

      it.scopedLive("a nonce of the server is sent in a proof and nowhere else", () =>
        Effect.gen(function*() {
          let nonce = ""
          const { heard, origin } = yield* rawServer(
            () => `{"access_token":"t0k3n","token_type":"DPoP"}`,
            () => `dpop-nonce: ${nonce}\r\n`
          )
          const api = yield* client(origin, transport, { dpop: true })
          for (const value of ["plain", "a\tb", "é", "a, b", "\" \\", "x".repeat(8000)]) {
            nonce = value
            yield* api.execute(HttpClientRequest.get("/items"))
            yield* api.execute(HttpClientRequest.get("/items"))
          }
          heard.forEach(isOneRequest)
        }))

      it.scopedLive("headers for the target and the length of a request follow from its URL and its body", () =>
        Effect.gen(function*() {
          const { heard, origin } = yield* rawServer(() => `{"access_token":"t0k3n","token_type":"Bearer"}`)
          const api = yield* client(origin, transport)
          const rest = "GET /admin HTTP/1.1\r\nhost: x\r\n\r\n"
          const post = HttpClientRequest.post("/items")
          for (
            const request of [
              HttpClientRequest.bodyText(post, rest),
              HttpClientRequest.setBody(post, HttpBody.raw(rest)),
              HttpClientRequest.bodyStream(post, Stream.make(new TextEncoder().encode(rest)))
            ]
          ) {
            heard.length = 0
            yield* api.execute(HttpClientRequest.setHeaders(request, {
              "content-length": "0",
              "transfer-encoding": "identity",
              host: "evil.example"
            }))
            const [head = ""] = heard.filter((text) => text.startsWith("POST /items")).join("").split("\r\n\r\n")
            const framing = /^(?:content-length: (\d+)|transfer-encoding: (chunked))$/im.exec(head)
            assert.include([String(rest.length), undefined], framing?.[1])
            assert.isDefined(framing?.[1] ?? framing?.[2])
            assert.match(head, new RegExp(`^host: ${new URL(origin).host}$`, "im"))
            assert.notInclude(head, "evil.example")
          }
        }))
    })
  }
})

describe("with NODE_TLS_REJECT_UNAUTHORIZED=0", () => {
  /** Returns the output of a separate process; the variable is set from its start or, by the script, later. */
  const child = (script: string, environment: Record<string, string>) =>
    Effect.promise(() =>
      new Promise<string>((resolve, reject) => {
        const { NODE_TLS_REJECT_UNAUTHORIZED: _, ...env } = process.env
        const started = spawn(process.execPath, ["--input-type=module", "--no-warnings", "--eval", script], {
          cwd: fileURLToPath(new URL("../..", import.meta.url)),
          env: { ...env, ...environment }
        })
        let text = ""
        for (const stream of [started.stdout, started.stderr]) stream.on("data", (data) => text += String(data))
        started.on("error", reject).on("close", () => resolve(text))
      })
    )

  const script = (origin: string, later: boolean) => `
    ${imports}
    import { ApiClient, ClientCredentials, LegacyToken, TokenCache } from "@effect-oauth/client-credentials"
    import { Effect, Layer, Redacted } from "effect"
    const api = { apiBaseUrl: ${JSON.stringify(origin)} }
    const token = ClientCredentials.layer({
      ...api,
      tokenUrl: ${JSON.stringify(`${origin}/token`)},
      clientId: "id",
      clientSecret: Redacted.make("s3cr3t"),
      tokenCache: { retryTimeout: 0 }
    })
    const legacy = LegacyToken.layer({ ...api, tokenId: "id", tokenSecret: Redacted.make("s3cr3t") })
    const outcomes = {}
    for (const [transport, layer] of Object.entries(layers)) {
      outcomes[transport] = []
      for (const [client, tag, use] of [
        [token, TokenCache.TokenCache, (cache) => cache.get],
        [token, ApiClient.ApiClient, (api) => api.get("/items")],
        [legacy, ApiClient.ApiClient, (api) => api.get("/items")]
      ]) {
        ${later ? "delete process.env.NODE_TLS_REJECT_UNAUTHORIZED" : ""}
        const call = Effect.gen(function*() {
          const service = yield* tag
          ${later ? `process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"` : ""}
          return yield* use(service)
        }).pipe(Effect.provide(client), Effect.provide(layer), Effect.match({ onFailure: String, onSuccess: String }))
        outcomes[transport].push(await Effect.runPromise(call))
      }
    }
    console.log(JSON.stringify(outcomes))
  `

  /** Returns the outcomes of each transport in one process, and the paths of the requests that arrived. */
  const outcomesOf = (later: boolean) =>
    Effect.gen(function*() {
      const paths: Array<string | undefined> = []
      const pems = yield* servers.selfSigned
      const origin = yield* servers.https(pems, (request, response) => {
        paths.push(request.url)
        tokens(request, response)
      })
      const printed = yield* child(script(origin, later), later ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: "0" })
      const outcomes = JSON.parse(printed) as Readonly<Record<string, ReadonlyArray<string>>>
      assert.sameMembers(Object.keys(outcomes), transports.map(([name]) => name))
      return { outcomes: Object.entries(outcomes), paths }
    })

  it.scopedLive("nothing is sent over any transport, from the start", () =>
    Effect.gen(function*() {
      const { outcomes, paths } = yield* outcomesOf(false)
      const rejection = /^InvalidConfig: NODE_TLS_REJECT_UNAUTHORIZED: expected to be unset/
      for (const [name, all] of outcomes) {
        assert.lengthOf(all, 3, name)
        for (const outcome of all) assert.match(outcome, rejection, name)
      }
      assert.deepStrictEqual(paths, [])
    }))

  it.scopedLive("nothing is sent over any transport, when it is set later", () =>
    Effect.gen(function*() {
      const { outcomes, paths } = yield* outcomesOf(true)
      for (const [name, [token = "", ...calls]] of outcomes) {
        assert.match(token, /^TokenEndpointUnavailable: .* is not trusted \(NODE_TLS_REJECT_UNAUTHORIZED=0\)/, name)
        assert.lengthOf(calls, 2, name)
        for (const call of calls) {
          assert.match(
            call,
            /^(RequestError|HttpClientError): .* Node verifies no certificate.* Nothing was sent/,
            name
          )
        }
      }
      assert.deepStrictEqual(paths, [])
    }))
})
