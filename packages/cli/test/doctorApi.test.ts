/**
 * APIs that do not answer a call with the token: `doctor` names the cause and the change, and never reports that calls can
 * be made.
 */
import type * as Http from "node:http"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

interface Situation {
  readonly name: string
  readonly status: number
  readonly headers?: Http.OutgoingHttpHeaders
  readonly body?: string
  readonly env?: Readonly<Record<string, string>>
  readonly code: string
  readonly message: RegExp
  readonly remedy: RegExp
  readonly fix?: Readonly<Record<string, string>>
}

const html = { "content-type": "text/html; charset=utf-8" }

const challenge = (value: string) => ({ "www-authenticate": value })

const situations: ReadonlyArray<Situation> = [
  ...[301, 302, 303, 307, 308].map((status): Situation => ({
    name: `a redirect by ${status}`,
    status,
    headers: { location: "/elsewhere?c4n4ry" },
    code: "redirect",
    message: new RegExp(`redirect \\(${status} to http://127\\.0\\.0\\.1:\\d+/elsewhere\\)`),
    remedy: /token would go along/
  })),
  ...["/login", "/auth/authorize", "/users/sign_in", "https://login.example.com/oauth2/authorize"].map((
    location
  ): Situation => ({
    name: `a redirect to ${location}`,
    status: 302,
    headers: { location },
    code: "sign-in-page",
    message: /for browsers/,
    remedy: /API_BASE_URL.*--path/
  })),
  {
    name: "a sign-in page with 200",
    status: 200,
    headers: html,
    body: "<html><form><input type=\"password\"></form></html>",
    code: "sign-in-page",
    message: /200 with a sign-in page/,
    remedy: /API_BASE_URL.*--path/
  },
  {
    name: "a sign-in page with 403",
    status: 403,
    headers: html,
    body: "<html><title>Sign In</title></html>",
    code: "sign-in-page",
    message: /sign-in page \(403\)/,
    remedy: /API_BASE_URL.*--path/
  },
  {
    name: "another page with 200",
    status: 200,
    headers: html,
    body: "<html>Welcome</html>",
    code: "page",
    message: /HTML page/,
    remedy: /--path/
  },
  {
    name: "DPoP wanted, by 400",
    status: 400,
    headers: challenge("DPoP algs=\"ES256 RS256\""),
    code: "dpop-required",
    message: /DPoP, 400/,
    remedy: /Set OAUTH_DPOP=true/,
    fix: { OAUTH_DPOP: "true" }
  },
  {
    name: "DPoP wanted, in words",
    status: 400,
    body: "{\"error\":\"DPoP proof is required\"}",
    code: "dpop-required",
    message: /DPoP, 400/,
    remedy: /Set OAUTH_DPOP=true/,
    fix: { OAUTH_DPOP: "true" }
  },
  {
    name: "DPoP wanted, by 401",
    status: 401,
    headers: challenge("DPoP error=\"invalid_token\", algs=\"ES256\""),
    code: "dpop-required",
    message: /DPoP, 401/,
    remedy: /Set OAUTH_DPOP=true/,
    fix: { OAUTH_DPOP: "true" }
  },
  ...[400, 495, 496].map((status): Situation => ({
    name: `a client certificate wanted, by ${status}`,
    status,
    headers: html,
    body: "<html><center>No required SSL certificate was sent</center><hr><center>nginx</center></html>",
    code: "client-certificate",
    message: new RegExp(`requires a client certificate \\(${status}\\)`),
    remedy: /OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE/
  })),
  {
    name: "a bad request",
    status: 400,
    body: "{}",
    code: "call-rejected",
    message: /rejects the call \(400\)/,
    remedy: /API_BASE_URL.*--path/
  },
  ...[404, 410].map((status): Situation => ({
    name: `nothing there, by ${status}`,
    status,
    code: "not-found",
    message: /does not exist/,
    remedy: /--path/
  })),
  {
    name: "no GET",
    status: 405,
    headers: { allow: "POST" },
    code: "method-not-allowed",
    message: /does not allow GET \(405\)/,
    remedy: /--path/
  },
  {
    name: "a limit with its end",
    status: 429,
    headers: { "retry-after": "3600" },
    code: "limit",
    message: /limits the rate of calls \(429\)/,
    remedy: /Try again from \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ on/
  },
  {
    name: "a limit with a draft header",
    status: 429,
    headers: { "ratelimit-reset": "60" },
    code: "limit",
    message: /429/,
    remedy: /Try again from \d{4}-/
  },
  { name: "a limit without its end", status: 429, code: "limit", message: /429/, remedy: /later/ },
  {
    name: "basic authentication wanted",
    status: 401,
    headers: challenge("Basic realm=\"api\""),
    code: "other-authentication",
    message: /requires basic authentication \(401\), not a token/,
    remedy: /API_BASE_URL.*user and a password/
  },
  {
    name: "Kerberos wanted",
    status: 401,
    headers: challenge("Negotiate, NTLM"),
    code: "other-authentication",
    message: /requires negotiate authentication/,
    remedy: /API_BASE_URL/
  },
  ...[
    { status: 401, headers: challenge("AzureApiManagementKey realm=\"api\""), body: "{}" },
    { status: 401, headers: {}, body: "{\"message\":\"No API key found in request\"}" },
    { status: 403, headers: {}, body: "{\"error\":\"missing x-api-key\"}" }
  ].map((one): Situation => ({
    name: `an API key wanted: ${JSON.stringify(one)}`,
    ...one,
    code: "api-key",
    message: /requires an API key/,
    remedy: /X-Api-Key:VALUE/
  })),
  ...[401, 419, 498].map((status): Situation => ({
    name: `a token that is rejected by ${status}`,
    status,
    code: "no-challenge",
    message: new RegExp(`rejects the token \\(${status}\\)`),
    remedy: /OAUTH_AUDIENCE or OAUTH_RESOURCE/
  })),
  ...([
    ["Bearer error=\"expired_token\"", "token-expired"],
    ["Bearer error=invalid_token", "token-opaque"],
    ["Bearer realm=\"x\", error='token_expired'", "token-expired"]
  ] as const).map(([value, code]): Situation => ({
    name: `a token that is rejected by ${value}`,
    status: 401,
    headers: challenge(value),
    code,
    message: /rejects the token \(401/,
    remedy: /API_BASE_URL/
  })),
  {
    name: "a token that is rejected by 403",
    status: 403,
    headers: challenge("Bearer error=\"invalid_token\""),
    code: "token-opaque",
    message: /rejects the token \(403, invalid_token\)/,
    remedy: /OAUTH_AUDIENCE/
  },
  ...[
    { error: "invalid_token" },
    { error: "invalid_token", error_description: "gone" },
    { ok: false, error: "token_revoked" },
    { error: "unauthorized", message: "x" },
    { error: { code: 401, message: "x" } },
    { error: { code: "E1", message: "The access token is invalid" } },
    { errors: [{ message: "Unauthorized" }] },
    { error: true, message: "invalid access token" }
  ].map((body): Situation => ({
    name: `a rejected token with 200, as ${JSON.stringify(body)}`,
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    code: "error" in body && body.error === "token_revoked" ? "token-inactive" : "token-opaque",
    message: /rejects the token \(200/,
    remedy: /API_BASE_URL/
  })),
  ...[
    { error: "no_such_item" },
    { error: { type: "validation", message: "no_such_item" } },
    { errors: [{ message: "no_such_item" }], data: null }
  ].map((body): Situation => ({
    name: `another error with 200, as ${JSON.stringify(body)}`,
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    code: "error-in-body",
    message: /returns 200 with an error in its body \(.*no_such_item\)/,
    remedy: /documentation\. Pass the path/
  })),
  {
    name: "a GraphQL server that rejects the token",
    status: 200,
    headers: { "content-type": "application/json" },
    body: "{\"errors\":[{\"message\":\"no\",\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}",
    code: "token-opaque",
    message: /UNAUTHENTICATED/,
    remedy: /OAUTH_AUDIENCE/
  },
  {
    name: "a scope that is missing",
    status: 403,
    headers: challenge("Bearer error=\"insufficient_scope\", scope=\"items:read items:write\""),
    code: "scope",
    message: /wants the scope items:read items:write/,
    remedy: /OAUTH_SCOPE/
  },
  {
    name: "a stronger authentication",
    status: 401,
    headers: challenge("Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\""),
    code: "step-up",
    message: /another authentication/,
    remedy: /OAUTH_PARAMETERS/
  },
  { name: "a right that is missing", status: 403, code: "forbidden", message: /forbids it/, remedy: /operator/ },
  {
    name: "a firewall",
    status: 403,
    headers: html,
    body: "<html>blocked</html>",
    code: "firewall",
    message: /firewall/,
    remedy: /operator/
  },
  {
    name: "a gateway without this path",
    status: 403,
    body: "{\"message\":\"Missing Authentication Token\"}",
    code: "gateway-path",
    message: /nothing at this path/,
    remedy: /API_BASE_URL/
  },
  {
    name: "a proxy before the API",
    status: 407,
    code: "proxy-authentication",
    message: /requires a user and a password \(407\)/,
    remedy: /HTTPS_PROXY/
  },
  {
    name: "a failure with Retry-After",
    status: 503,
    headers: { "retry-after": "120" },
    code: "api-failed",
    message: /503/,
    remedy: /^Try again from \d{4}-\S+Z on, or report/
  },
  { name: "a failure", status: 502, code: "api-failed", message: /502/, remedy: /later/ }
]

const token = ({ form, issue, request }: support.TokenRequest) =>
  form.get("grant_type") === "client_credentials"
    ? issue({ token_type: request.headers["dpop"] === undefined ? "Bearer" : "DPoP" })
    : undefined

describe("doctor, at an API", () => {
  const start = Effect.gen(function*() {
    const { doctor, user } = yield* support.start
    const { state, url } = yield* support.issuer(token)
    const env = {
      OAUTH_TOKEN_URL: url,
      OAUTH_ALLOW_HTTP_LOOPBACK: "true",
      OAUTH_CLIENT_ID: "a",
      OAUTH_CLIENT_SECRET: servers.secret
    }
    return { doctor, env, state, user }
  })

  it.scopedLive("names the cause and the change", () =>
    Effect.gen(function*() {
      const { doctor, env, state } = yield* start
      for (const { body = "", code, fix, headers = {}, message, name, remedy, status, ...more } of situations) {
        const issued = state.issued
        const api = yield* servers.http((_, response) => response.writeHead(status, headers).end(body))
        const { exitCode, wrong } = yield* doctor({ ...env, API_BASE_URL: api, ...more.env })
        const found = JSON.stringify(wrong)
        assert.strictEqual(exitCode, 21, name)
        assert.deepStrictEqual(wrong.map(({ code, step }) => [step, code]), [["call", code]], `${name}: ${found}`)
        assert.match(wrong[0]?.message ?? "", message, name)
        assert.match(wrong[0]?.remedy ?? "", remedy, name)
        assert.deepStrictEqual(wrong[0]?.fix?.set, fix, name)
        assert.strictEqual(state.issued - issued, 1, name)
      }
    }))

  it.scopedLive("does not wait for one that is silent longer than --timeout", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const silent = yield* servers.http(() => {})
      const { exitCode, wrong } = yield* doctor({ ...env, API_BASE_URL: silent }, "--timeout", "300ms")
      assert.deepStrictEqual([exitCode, wrong.map(({ code, step }) => `${step} ${code}`)], [21, ["call no-answer"]])
      assert.match(wrong[0]?.message ?? "", /does not respond within 0\.3 s/)
      assert.match(wrong[0]?.remedy ?? "", /API_BASE_URL.*--timeout/)
    }))

  it.scopedLive("does not wait for the end of a body, which shows only of a stream that calls can be made", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const once = (response: Http.ServerResponse) => void response.write("{}\n")
      const always = (response: Http.ServerResponse): void => {
        while (response.write(" ".repeat(65_536)));
        response.once("drain", () => always(response))
      }
      const cases = [
        ["text/event-stream", once, 0, []],
        ["application/json", once, 21, ["call no-end"]],
        ["application/json", always, 21, ["call no-end"]]
      ] as const
      for (const [type, write, code, found] of cases) {
        const api = yield* servers.http((_, response) => write(response.writeHead(200, { "content-type": type })))
        const { exitCode, wrong } = yield* doctor({ ...env, API_BASE_URL: api }, "--timeout", "300ms")
        assert.deepStrictEqual([exitCode, wrong.map(({ code, step }) => `${step} ${code}`)], [code, found], type)
      }
    }))

  it.scopedLive("names a body that is cut off", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const api = yield* servers.http((_, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" })
        response.write("{}", () => response.destroy())
      })
      const { wrong } = yield* doctor({ ...env, API_BASE_URL: api })
      assert.deepStrictEqual(wrong.map(({ code, step }) => `${step} ${code}`), ["call cut-off"])
    }))

  it.scopedLive("reads large bodies to their end", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const api = yield* servers.http((_, response) => response.end(`[${"1,".repeat(1_500_000)}1]`))
      assert.strictEqual((yield* doctor({ ...env, API_BASE_URL: api })).exitCode, 0)
    }))

  it.scopedLive("takes members without an error as success", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      for (
        const body of [{ error: null, errors: [] }, { error: "" }, { error: false }, { error: 0 }, { error: {} }, []]
      ) {
        const api = yield* servers.http((_, response) => response.end(JSON.stringify(body)))
        assert.strictEqual((yield* doctor({ ...env, API_BASE_URL: api })).exitCode, 0, JSON.stringify(body))
      }
    }))

  it.scopedLive("names a connection that is closed", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const api = yield* servers.http((request) => request.socket.destroy())
      const { wrong } = yield* doctor({ ...env, API_BASE_URL: api })
      assert.deepStrictEqual(wrong.map(({ code, step }) => `${step} ${code}`), ["call connection-closed"])
    }))

  it.scopedLive("rejects a path that is not below the base URL, and a duration that cannot be read", () =>
    Effect.gen(function*() {
      const { doctor, env, user } = yield* start
      const { wrong } = yield* doctor({ ...env, API_BASE_URL: `${yield* support.api}/v1` }, "--path", "/../admin")
      assert.deepStrictEqual(wrong.map(({ code, step }) => `${step} ${code}`), ["call path"])
      const { exitCode, stderr } = yield* user.run(["doctor", "--timeout", "soon"], { env })
      assert.strictEqual(exitCode, 2)
      assert.match(stderr, /--timeout soon/)
    }))

  it.scopedLive("has a code and a remedy for each step", () =>
    Effect.gen(function*() {
      const { doctor, env } = yield* start
      const { exitCode, findings } = yield* doctor({ ...env, API_BASE_URL: yield* support.api })
      assert.strictEqual(exitCode, 0)
      for (const finding of findings) assert.containsAllKeys(finding, ["step", "verdict", "code", "message", "remedy"])
    }))
})
