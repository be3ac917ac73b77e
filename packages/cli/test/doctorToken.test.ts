/**
 * Token endpoints that reject the client, each in its own way: `doctor` names the cause and the exact change.
 */
import { generateKeyPairSync } from "node:crypto"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

const { secret } = servers

const formEncoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

type Env = Readonly<Record<string, string | undefined>>

interface Situation {
  readonly name: string
  readonly env?: Env
  readonly answer: (request: support.TokenRequest) => void
  readonly path?: string
  readonly code: string
  readonly message: RegExp
  readonly remedy: RegExp
  readonly fix?: Readonly<Record<string, string>>
  readonly unset?: ReadonlyArray<string>
  /** True when the change is not exactly known. */
  readonly isWithoutFix?: boolean
  /** Tokens issued. */
  readonly issued?: number
}

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const assertion = (jwt: string): Assertion => {
  const part = (text = "e30") => JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as Assertion["claims"]
  const [header, claims] = jwt.split(".")
  return { header: part(header), claims: part(claims) }
}

const invalidClient = ({ reject }: support.TokenRequest) => reject(401, { error: "invalid_client" })

const hasPost = ({ form }: support.TokenRequest): boolean => form.get("client_secret") === secret

const situations: ReadonlyArray<Situation> = [
  {
    name: "basic authentication wanted, form-encoded",
    answer: (one) => one.basic === `a:${formEncoded(secret)}` ? one.issue() : invalidClient(one),
    code: "authentication-method",
    message: /by client_secret_post, and does by client_secret_basic/,
    remedy: /Set OAUTH_CLIENT_AUTHENTICATION=client_secret_basic/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" },
    issued: 1
  },
  {
    name: "the body wanted",
    env: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_CLIENT_SECRET: "plain" },
    answer: (one) => one.form.get("client_secret") === "plain" ? one.issue() : invalidClient(one),
    code: "authentication-method",
    message: /does by client_secret_post/,
    remedy: /OAUTH_CLIENT_AUTHENTICATION=client_secret_post/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" },
    issued: 1
  },
  {
    name: "a secret that is read raw",
    env: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" },
    answer: (one) => one.basic === `a:${secret}` ? one.issue() : invalidClient(one),
    code: "secret-encoding",
    message: /as they are, not form-encoded/,
    remedy: /OAUTH_BASIC_ENCODING=raw/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_BASIC_ENCODING: "raw" },
    issued: 1
  },
  {
    name: "a secret that is read form-encoded",
    env: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_BASIC_ENCODING: "raw" },
    answer: (one) =>
      one.basic === `a:${formEncoded(secret)}` ? one.issue() : one.reject(400, { error: "invalid_request" }),
    code: "secret-encoding",
    message: /form-encoded/,
    remedy: /OAUTH_CLIENT_AUTHENTICATION=client_secret_basic, and remove OAUTH_BASIC_ENCODING/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" },
    unset: ["OAUTH_BASIC_ENCODING"],
    issued: 1
  },
  {
    name: "a secret that neither encoding of basic authentication fits",
    env: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" },
    answer: (one) => hasPost(one) ? one.issue() : invalidClient(one),
    code: "secret-encoding",
    message: /neither raw nor form-encoded .* takes it in the body/,
    remedy: /OAUTH_CLIENT_AUTHENTICATION=client_secret_post/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" },
    issued: 1
  },
  ...(["invalid_client", "access_denied", "unauthorized_client", "unauthorized"] as const).map((error): Situation => ({
    name: `a wrong secret, as ${error}`,
    answer: ({ reject }) => reject(401, { error, error_description: `not ${secret}` }),
    code: "credentials",
    message: /does not accept the client id and the secret .*; tried without success: client_secret_basic/,
    remedy: /Check OAUTH_CLIENT_ID and the secret/,
    issued: 0
  })),
  {
    name: "a wrong secret, with an empty body",
    answer: ({ response }) => void response.writeHead(401).end(),
    code: "credentials",
    message: /does not accept the client id and the secret \(401, an empty body\)/,
    remedy: /OAUTH_CLIENT_ID/
  },
  {
    name: "a wrong secret, with a message",
    answer: ({ reject }) => reject(401, { message: "Go away" }),
    code: "credentials",
    message: /\(401: Go away\)/,
    remedy: /OAUTH_CLIENT_ID/
  },
  {
    name: "a wrong secret, with a page",
    answer: ({ reject }) => reject(401, "<html>No</html>"),
    code: "credentials",
    message: /\(401, a page\)/,
    remedy: /OAUTH_CLIENT_ID/
  },
  {
    name: "403 with an empty body",
    answer: ({ reject }) => reject(403, ""),
    code: "no-reason",
    message: /states no reason \(403, an empty body\)/,
    remedy: /OAUTH_CLIENT_ID.*OAUTH_SCOPE/
  },
  ...([[400, "unsupported_grant_type"], [400, "invalid_request"], [401, "invalid_client"]] as const).map((
    [status, error]
  ): Situation => ({
    name: `JSON wanted, as ${error}`,
    answer: (one) => one.body.startsWith("{") ? one.issue() : one.reject(status, { error }),
    code: "json-required",
    message: /as JSON, not as a form/,
    remedy: /Set OAUTH_REQUEST_FORMAT=json/,
    fix: { OAUTH_REQUEST_FORMAT: "json" },
    issued: 1
  })),
  ...([[415, ""], [400, ""], [401, { error: "invalid_client" }], [400, { error: "invalid_request" }]] as const).map((
    [status, body]
  ): Situation => ({
    name: `JSON rejected, by ${status} ${JSON.stringify(body)}`,
    env: { OAUTH_REQUEST_FORMAT: "json" },
    answer: (one) => one.body.startsWith("{") ? one.reject(status, body) : one.issue(),
    code: "json-rejected",
    message: /as a form, not as JSON/,
    remedy: /Remove OAUTH_REQUEST_FORMAT/,
    unset: ["OAUTH_REQUEST_FORMAT"],
    issued: 1
  })),
  ...([[400, "invalid_grant"], [400, "invalid_dpop_proof"], [400, "use_dpop_nonce"]] as const).map((
    [status, error]
  ): Situation => ({
    name: `a client that must use DPoP, as ${error}`,
    answer: (one) =>
      one.request.headers["dpop"] === undefined ? one.reject(status, { error }) : one.issue({ token_type: "DPoP" }),
    code: "dpop-required",
    message: /bound to a key/,
    remedy: /Set OAUTH_DPOP=true/,
    fix: { OAUTH_DPOP: "true" },
    issued: 1
  })),
  {
    name: "bound tokens where none are expected",
    answer: ({ issue }) => issue({ token_type: "DPoP" }),
    code: "token-type-dpop",
    message: /bound to a key/,
    remedy: /OAUTH_DPOP=true/,
    fix: { OAUTH_DPOP: "true" },
    issued: 1
  },
  {
    name: "tokens that are not bound where DPoP is set",
    env: { OAUTH_DPOP: "true" },
    answer: ({ issue }) => issue(),
    code: "token-not-bound",
    message: /not bound to a key/,
    remedy: /Remove OAUTH_DPOP/,
    unset: ["OAUTH_DPOP"],
    issued: 1
  },
  ...([
    ["client_secret_post", {}],
    ["client_secret_basic", {}],
    ["client_secret_basic", { OAUTH_BASIC_ENCODING: "raw" }]
  ] as const).flatMap(([method, more]) =>
    ([
      [formEncoded(secret), { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" }],
      [secret, { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_BASIC_ENCODING: "raw" }]
    ] as const).filter(([expected]) =>
      method === "client_secret_post" || (expected === secret) !== ("OAUTH_BASIC_ENCODING" in more)
    ).flatMap(([expected, fix]) =>
      ([
        // Reports the format first, the client first, or neither.
        ["invalid_request", "invalid_client"],
        ["invalid_client", "invalid_client"],
        ["invalid_request", "invalid_request"]
      ] as const).map(([format, client]): Situation => ({
        name: `JSON and ${
          expected === secret ? "raw" : "form-encoded"
        } basic wanted as ${format}, ${client}, by ${method}`,
        env: { OAUTH_CLIENT_AUTHENTICATION: method, ...more },
        answer: (one) =>
          !one.body.startsWith("{")
            ? one.reject(400, { error: format })
            : one.basic === `a:${expected}`
            ? one.issue()
            : one.reject(client === "invalid_client" ? 401 : 400, { error: client }),
        code: "several-settings",
        message: /by a json body with client_secret_basic/,
        remedy: /OAUTH_REQUEST_FORMAT=json.*the server issued a token/,
        fix: { ...fix, OAUTH_REQUEST_FORMAT: "json" },
        issued: 1
      }))
    )
  ),
  {
    name: "a form and the body wanted, by basic authentication and JSON",
    env: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_REQUEST_FORMAT: "json" },
    answer: (one) => !one.body.startsWith("{") && hasPost(one) ? one.issue() : invalidClient(one),
    code: "several-settings",
    message: /by a form body with client_secret_post/,
    remedy: /Set OAUTH_CLIENT_AUTHENTICATION=client_secret_post, and remove OAUTH_REQUEST_FORMAT/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" },
    unset: ["OAUTH_REQUEST_FORMAT", "OAUTH_BASIC_ENCODING"],
    issued: 1
  },
  {
    name: "another method and DPoP wanted",
    answer: (one) =>
      one.basic !== `a:${formEncoded(secret)}`
        ? invalidClient(one)
        : one.request.headers["dpop"] === undefined
        ? one.reject(400, { error: "invalid_dpop_proof" })
        : one.issue({ token_type: "DPoP" }),
    code: "several-settings",
    message: /by DPoP with client_secret_basic/,
    remedy: /OAUTH_CLIENT_AUTHENTICATION=client_secret_basic and OAUTH_DPOP=true/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_DPOP: "true" },
    issued: 1
  },
  {
    name: "another method wanted, and a scope that is not allowed",
    answer: (one) =>
      one.basic === `a:${formEncoded(secret)}` ? one.reject(400, { error: "invalid_scope" }) : invalidClient(one),
    code: "scope",
    message: /does not grant the scope/,
    remedy:
      /Set OAUTH_CLIENT_AUTHENTICATION=client_secret_basic: the server accepts the client with that\. Set OAUTH_SCOPE/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" },
    issued: 0
  },
  {
    name: "another method wanted, and a token type that is not stated, for one token",
    answer: (one) =>
      one.basic === `a:${formEncoded(secret)}` ? one.issue({ token_type: undefined }) : invalidClient(one),
    code: "token-type",
    message: /without a token_type \(2 token requests, 1 token\)/,
    remedy: /OAUTH_CLIENT_AUTHENTICATION=client_secret_basic: the server accepts.*OAUTH_TOKEN_TYPE=assume-bearer/,
    fix: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_TOKEN_TYPE: "assume-bearer" },
    issued: 1
  },
  {
    name: "what no settings fit, with what was tried",
    answer: invalidClient,
    code: "credentials",
    message:
      /tried without success: client_secret_basic, client_secret_basic \(raw\), a json body, a json body with client_secret_basic, a json body with client_secret_basic \(raw\) \(6 token requests, no token\)/,
    remedy: /OAUTH_CLIENT_ID/,
    issued: 0
  },
  ...([
    [undefined, /without a token_type/],
    [null, /without a token_type/],
    ["BearerToken", /with the token_type "BearerToken" in place of Bearer/],
    ["t0k3", /with another token_type than Bearer/],
    ["hunter", /with another token_type than Bearer/]
  ] as const).map(([token_type, message]): Situation => ({
    name: `the token type ${token_type}`,
    answer: ({ issue }) => issue({ token_type }),
    code: "token-type",
    message,
    remedy: /Set OAUTH_TOKEN_TYPE=assume-bearer/,
    fix: { OAUTH_TOKEN_TYPE: "assume-bearer" },
    issued: 1
  })),
  {
    name: "a token type that no setting makes usable",
    answer: ({ issue }) => issue({ token_type: "mac" }),
    code: "token-type-unusable",
    message: /token_type "mac"/,
    remedy: /issue bearer tokens/,
    issued: 1
  },
  {
    name: "a token type that is not stated, where DPoP is tried",
    answer: (one) =>
      one.request.headers["dpop"] === undefined ? one.reject(400, { error: "invalid_grant" }) : one.issue(),
    code: "grant-rejected",
    message: /tried without success: DPoP \(200\) \(2 token requests, 1 token\)/,
    remedy: /OAUTH_DPOP/,
    issued: 1
  },
  {
    name: "a nested token",
    answer: ({ reject }) => reject(200, { data: { access_token: "t0k3n" } }),
    code: "token-nested",
    message: /data\.access_token/,
    remedy: /documentation/
  },
  {
    name: "a wrong path that answers with JSON",
    answer: ({ reject }) => reject(404, { error: "Not Found" }),
    code: "token-url",
    message: /not a token endpoint \(404\)/,
    remedy: /Correct the path in OAUTH_TOKEN_URL/
  },
  ...[{ error: "not found" }, { error: "resource not found" }, { message: "no Route matched with those values" }].map((
    body
  ): Situation => ({
    name: `a wrong path, as ${JSON.stringify(body)}`,
    answer: ({ reject }) => reject(404, body),
    code: "token-url",
    message: /404/,
    remedy: /OAUTH_TOKEN_URL/
  })),
  {
    name: "a wrong path that a gateway takes for a missing token",
    answer: ({ reject }) => reject(403, { message: "Missing Authentication Token" }),
    code: "token-url",
    message: /not a token endpoint \(403\)/,
    remedy: /OAUTH_TOKEN_URL/
  },
  ...[404, 200, 405].map((status): Situation => ({
    name: `a page with ${status}`,
    answer: ({ reject }) => reject(status, "<!doctype html><title>Home</title>"),
    code: "token-url",
    message: new RegExp(`not a token endpoint \\(${status}, a page\\)`),
    remedy: /OAUTH_TOKEN_URL/
  })),
  ...[301, 302, 307, 308].map((status): Situation => ({
    name: `a redirect to another path of the host, by ${status}`,
    answer: ({ reject }) => reject(status, "", { location: "/oauth/token/" }),
    code: "token-url-redirect",
    message: new RegExp(`redirect \\(${status} to http://127\\.0\\.0\\.1:\\d+/oauth/token/\\)`),
    remedy: /^Set OAUTH_TOKEN_URL=http:\/\/127\.0\.0\.1:\d+\/oauth\/token\/\. Nothing was sent there\.$/,
    issued: 0
  })),
  {
    name: "a redirect to TLS at the host",
    answer: ({ reject }) => reject(307, "", { location: "https://127.0.0.1/token" }),
    code: "token-url-redirect",
    message: /307 to https:\/\/127\.0\.0\.1\/token/,
    remedy: /^Set OAUTH_TOKEN_URL=https:\/\/127\.0\.0\.1\/token\./,
    fix: { OAUTH_TOKEN_URL: "https://127.0.0.1/token" }
  },
  ...([
    ["https://auth.example.com/token", /set OAUTH_TOKEN_URL=https:\/\/auth\.example\.com\/token\.$/],
    ["https://login.example.com/?s=c4n4ry", /OAUTH_TOKEN_URL=https:\/\/login\.example\.com\/ with its query/],
    ["/login", /^If that is the token endpoint/],
    ["/token?s=c4n4ry", /with its query/]
  ] as const).map(([location, remedy]): Situation => ({
    name: `a redirect to ${location}`,
    answer: ({ reject }) => reject(302, "", { location }),
    code: "token-url-redirect",
    message: /redirect \(302 to/,
    remedy,
    isWithoutFix: true
  })),
  {
    name: "a redirect without a target",
    answer: ({ reject }) => reject(307, ""),
    code: "token-url-redirect",
    message: /redirect \(307\)/,
    remedy: /^Set OAUTH_TOKEN_URL to the token endpoint in the server's documentation/
  },
  {
    name: "a proxy before the server",
    answer: ({ reject }) => reject(407, ""),
    code: "proxy-authentication",
    message: /requires a user and a password \(407\)/,
    remedy: /HTTPS_PROXY: http:\/\/USER:PASSWORD@HOST:PORT/
  },
  {
    name: "a firewall",
    answer: ({ reject }) => reject(403, "<html>Request blocked</html>"),
    code: "firewall",
    message: /firewall/,
    remedy: /operator/
  },
  {
    name: "a client certificate wanted",
    answer: ({ reject }) => reject(400, "<html>400 No required SSL certificate was sent</html>"),
    code: "client-certificate",
    message: /requires a client certificate \(400\)/,
    remedy: /OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE/
  },
  {
    name: "a limit with Retry-After",
    answer: ({ reject }) => reject(429, { error: "too_many_requests" }, { "retry-after": "86400" }),
    code: "limit",
    message: /no more tokens/,
    remedy: /Wait until \d{4}-.*T.*Z.*OAUTH_TOKENS_PER_DAY/
  },
  {
    name: "a limit of Auth0",
    answer: ({ reject }) =>
      reject(429, { error: "too_many_requests" }, {
        "auth0-client-quota-limit": "b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=0;t=43200"
      }),
    code: "limit",
    message: /no more tokens/,
    remedy: /Wait until \d{4}-/
  },
  {
    name: "a limit that is written with status 400",
    answer: ({ reject }) =>
      reject(400, {
        error: "invalid_request",
        error_description: "Client 1 has exceeded the rate limit of 10 tokens/28800 seconds"
      }),
    code: "limit",
    message: /10 tokens/,
    remedy: /Wait until \d{4}-/
  },
  {
    name: "a limit for the previous secret, after the current one was rejected",
    env: { OAUTH_CLIENT_SECRET_PREVIOUS: "old" },
    answer: (one) =>
      hasPost(one) ? invalidClient(one) : one.reject(429, { error: "too_many_requests" }, { "retry-after": "60" }),
    code: "limit",
    message:
      /no more tokens .*429\); before that, it rejected the current credential \(401\) \(2 token requests, no token\)/,
    remedy: /^Wait until \d{4}-/
  },
  {
    name: "a scope that is not allowed",
    env: { OAUTH_SCOPE: "admin" },
    answer: ({ reject }) => reject(400, { error: "invalid_scope" }),
    code: "scope",
    message: /does not grant the scope/,
    remedy: /Correct OAUTH_SCOPE/
  },
  {
    name: "a scope that is missing",
    answer: ({ reject }) => reject(400, { error: "invalid_scope" }),
    code: "scope",
    message: /does not grant the scope/,
    remedy: /Set OAUTH_SCOPE/
  },
  {
    name: "an unknown API",
    answer: ({ reject }) => reject(400, { error: "invalid_target" }),
    code: "target",
    message: /does not know the API/,
    remedy: /Set OAUTH_RESOURCE/
  },
  {
    name: "a grant that is not allowed",
    answer: ({ reject }) => reject(400, { error: "unauthorized_client" }),
    code: "grant-not-allowed",
    message: /does not allow this client the grant/,
    remedy: /client_credentials grant/
  },
  {
    name: "access that is denied, as gateways write it",
    answer: ({ reject }) => reject(403, { message: "Forbidden" }),
    code: "access-denied",
    message: /does not authorize this client/,
    remedy: /operator/
  },
  {
    name: "an error of Okta",
    answer: ({ reject }) => reject(400, { errorCode: "E0000021", errorSummary: "Bad request" }),
    code: "rejected",
    message: /E0000021.*Bad request/,
    remedy: /operator/
  },
  {
    name: "a server that is down",
    answer: ({ reject }) => reject(503, "", { "retry-after": "120" }),
    code: "unavailable",
    message: /503/,
    remedy: /Try again at \d{4}-/
  },
  {
    name: "a token of 0 s",
    answer: ({ issue }) => issue({ expires_in: 0 }),
    code: "token-expired",
    message: /expired at once/,
    remedy: /operator/,
    issued: 1
  }
]

describe("doctor, at a token endpoint", () => {
  it.scopedLive("names the cause and the change", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const api = yield* support.api
      for (const { answer, code, env = {}, fix, isWithoutFix, issued, message, name, remedy, unset } of situations) {
        const { state, url } = yield* support.issuer(answer)
        const { exitCode, wrong } = yield* doctor({
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: secret,
          API_BASE_URL: api,
          ...env
        })
        const found = JSON.stringify(wrong)
        assert.strictEqual(exitCode, 21, `${name}: ${found}`)
        assert.deepStrictEqual(
          wrong.map(({ code, step }) => [step, code]),
          [["authentication", code]],
          `${name}: ${found}`
        )
        assert.match(wrong[0]?.message ?? "", message, name)
        assert.match(wrong[0]?.remedy ?? "", remedy, name)
        if (fix !== undefined) assert.deepStrictEqual(wrong[0]?.fix?.set, fix, name)
        if (isWithoutFix === true) assert.isUndefined(wrong[0]?.fix, name)
        if (unset !== undefined) {
          assert.deepStrictEqual(wrong[0]?.fix?.unset, unset, name)
          assert.deepStrictEqual(wrong[0]?.fix?.set, fix ?? {}, name)
        }
        if (issued !== undefined) assert.strictEqual(state.issued, issued, name)
        assert.isAtMost(state.issued, 1, name)
        assert.isAtMost(state.requests, 7, name)
      }
    }))

  it.scopedLive("finds the algorithm and the audience of assertions", () =>
    Effect.gen(function*() {
      const { doctor, file } = yield* support.start
      const { privateKey } = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
        publicKeyEncoding: { type: "spki", format: "pem" }
      })
      const cases: ReadonlyArray<
        readonly [
          accepts: (jwt: Assertion, origin: string) => boolean,
          code: string,
          fix: Readonly<Record<string, string>>
        ]
      > = [
        [({ header }) => header["alg"] === "PS256", "signing-algorithm", { OAUTH_SIGNING_ALGORITHM: "PS256" }],
        [({ claims }, url) => claims["aud"] === url, "assertion-audience", {
          OAUTH_ASSERTION_AUDIENCE: "token_endpoint"
        }],
        [() => false, "assertion-not-accepted", {}]
      ]
      for (const [accepts, code, fix] of cases) {
        const found: { url: string } = { url: "" }
        const { state, url } = yield* support.issuer(({ form, issue, reject }) =>
          accepts(assertion(form.get("client_assertion") ?? "e30.e30"), found.url)
            ? issue()
            : reject(401, { error: "invalid_client" })
        )
        found.url = url
        const { wrong } = yield* doctor({
          OAUTH_TOKEN_URL: url,
          OAUTH_ISSUER: new URL(url).origin,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_PRIVATE_KEY_FILE: file("key.pem", privateKey),
          API_BASE_URL: "none"
        })
        assert.deepStrictEqual(wrong.map((one) => one.code), [code], JSON.stringify(wrong))
        assert.deepStrictEqual(wrong[0]?.fix?.set ?? {}, fix)
        assert.isAtMost(state.issued, 1)
      }
    }))

  it.scopedLive("names the limits of the command and of the server, with their ends", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const { state, url } = yield* support.issuer(({ issue }) => issue())
      const env = {
        OAUTH_TOKEN_URL: url,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true",
        OAUTH_CLIENT_ID: "a",
        OAUTH_CLIENT_SECRET: secret,
        OAUTH_TOKENS_PER_DAY: "1",
        API_BASE_URL: "none"
      }
      assert.strictEqual((yield* doctor(env)).exitCode, 0)
      const { wrong } = yield* doctor(env)
      assert.deepStrictEqual(wrong.map(({ code }) => code), ["budget"])
      assert.match(wrong[0]?.remedy ?? "", /Wait until \d{4}-.*raise OAUTH_TOKENS_PER_DAY/)
      assert.strictEqual(state.issued, 1)
    }))

  it.scopedLive("names the previous secret, where that is the accepted one", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const { url } = yield* support.issuer((one) => hasPost(one) ? one.issue() : invalidClient(one))
      const { exitCode, findings } = yield* doctor({
        OAUTH_TOKEN_URL: url,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true",
        OAUTH_CLIENT_ID: "a",
        OAUTH_CLIENT_SECRET: "new",
        OAUTH_CLIENT_SECRET_PREVIOUS: secret,
        API_BASE_URL: "none"
      })
      assert.deepStrictEqual([exitCode, findings.find(({ step }) => step === "authentication")?.code], [
        0,
        "previous-secret"
      ])
    }))

  const lives: ReadonlyArray<readonly [members: object, code: string]> = [
    [{ expires_in: 30 }, "token-short"],
    [{ expires_in: undefined }, "token-life"],
    [{ expires_in: "2030-01-01T00:00:00Z" }, "token-life"],
    [{ expires_in: "3600" }, "ok"],
    [{ expires_in: 3599.5 }, "ok"]
  ]
  it.scopedLive("warns of a lifetime that is short, or that is not stated", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      for (const [members, code] of lives) {
        const { url } = yield* support.issuer(({ issue }) => issue(members))
        const { exitCode, findings } = yield* doctor({
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: secret,
          API_BASE_URL: "none"
        })
        assert.deepStrictEqual([exitCode, findings.find(({ step }) => step === "authentication")?.code], [0, code])
      }
    }))

  const names = ["invalid_client", "invalid_request"]
  it.scopedLive("sends no token request twice with the same settings", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      for (const error of names) {
        const seen: Array<string> = []
        const { url } = yield* support.issuer(({ body, reject, request }) => {
          seen.push(`${request.headers.authorization} ${"dpop" in request.headers} ${body}`)
          reject(400, { error })
        })
        yield* doctor({
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: secret,
          API_BASE_URL: "none"
        })
        assert.deepStrictEqual(seen, [...new Set(seen)])
      }
    }))

  it.scopedLive("wraps between words on a terminal of 80 columns", () =>
    Effect.gen(function*() {
      const { user } = yield* support.start
      const { url } = yield* support.issuer(invalidClient)
      const { stdout } = yield* user.shellTerminal(
        "stty cols 80; effect-oauth doctor; effect-oauth simulate --fleet 4..20",
        {
          env: {
            NO_COLOR: "1",
            OAUTH_TOKEN_URL: url,
            OAUTH_ALLOW_HTTP_LOOPBACK: "true",
            OAUTH_CLIENT_ID: "a",
            OAUTH_CLIENT_SECRET: secret,
            API_BASE_URL: "none"
          }
        }
      )
      const lines = stdout.replaceAll("\r", "").split("\n")
      for (const line of lines) assert.isAtMost([...line].length, 80, line)
      const text = lines.map((line) => line.trim()).join(" ")
      assert.match(text, /Check OAUTH_CLIENT_ID and the secret: whether it was replaced, is that of this environment/)
    }))

  it.scopedLive("is well without an API, and states that tokens can be requested", () =>
    Effect.gen(function*() {
      const { user } = yield* support.start
      const { url } = yield* support.issuer(({ issue }) => issue())
      const env = {
        OAUTH_TOKEN_URL: url,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true",
        OAUTH_CLIENT_ID: "a",
        OAUTH_CLIENT_SECRET: secret,
        API_BASE_URL: "none"
      }
      const { exitCode, stdout } = yield* user.run(["doctor"], { env })
      assert.strictEqual(exitCode, 0)
      assert.match(stdout, /\n\nTokens can be requested\.\n$/)
    }))
})
