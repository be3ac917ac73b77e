/**
 * The rules of `doctor` as functions of a fact, for what takes more than a small server to bring about, and what holds for
 * all of them.
 */
import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import * as fc from "effect/FastCheck"

import * as answers from "../src/internal/doctor/answer.js"
import * as apiRules from "../src/internal/doctor/apiRules.js"
import * as change from "../src/internal/doctor/change.js"
import * as exchangeRules from "../src/internal/doctor/exchangeRules.js"
import * as facts from "../src/internal/doctor/facts.js"
import { type Finding, ok, result, skipped } from "../src/internal/doctor/finding.js"
import * as networkRules from "../src/internal/doctor/networkRules.js"
import * as proxyChoice from "../src/internal/doctor/proxyChoice.js"
import * as tokenRules from "../src/internal/doctor/tokenRules.js"
import * as trials from "../src/internal/doctor/trials.js"

const token: tokenRules.TokenFact = {
  url: "https://auth.example.com/token",
  status: 401,
  kind: "authentication",
  error: "invalid_client",
  answer: undefined,
  method: "client_secret_post",
  isSpecial: false,
  values: { OAUTH_TOKEN_URL: "https://auth.example.com/token", OAUTH_CLIENT_ID: "a" }
}

const answer = (status: number, body = "", headers: Readonly<Record<string, string>> = {}): answers.Answer => ({
  method: "GET",
  url: "https://api.example.com/v1",
  status,
  headers,
  at: 0,
  body
})

describe("the rules of token endpoints", () => {
  const cases: ReadonlyArray<readonly [fact: Partial<tokenRules.TokenFact>, code: string, remedy: RegExp]> = [
    [{ methods: ["private_key_jwt"] }, "method-unsupported", /OAUTH_PRIVATE_KEY_FILE/],
    [{ methods: ["tls_client_auth"] }, "method-unsupported", /OAUTH_CLIENT_AUTHENTICATION=tls_client_auth/],
    [{ methods: ["client_secret_basic"] }, "credentials", /OAUTH_CLIENT_ID/],
    [{ method: "tls_client_auth" }, "certificate-not-accepted", /OAUTH_TLS_CERTIFICATE_FILE/],
    [{ method: "private_key_jwt" }, "assertion-not-accepted", /OAUTH_ASSERTION_AUDIENCE=issuer/],
    [{ method: "private_key_jwt", offset: 120_000 }, "clock-wrong", /NTP/],
    [{ offset: 120_000 }, "credentials", /OAUTH_CLIENT_ID/],
    [{ method: "workload_identity" }, "identity-not-accepted", /OAUTH_CLIENT_ASSERTION_FILE/],
    [
      { kind: "request", status: 400, error: "invalid_dpop_proof", values: { OAUTH_DPOP: "true" } },
      "dpop-proof",
      /OAUTH_DPOP_KEY_FILE/
    ],
    [
      { kind: "request", status: 400, error: "invalid_dpop_proof", values: { OAUTH_DPOP: "true" }, offset: -90_000 },
      "clock-wrong",
      /NTP/
    ],
    [
      { kind: "request", status: 400, error: "invalid_request" },
      "request-rejected",
      /OAUTH_AUDIENCE.*OAUTH_REQUEST_FORMAT/
    ],
    [{ kind: "request", status: 400, error: "invalid_scope", scopes: ["a", "b"] }, "scope", /a b/],
    [{ kind: undefined, status: 200, error: undefined, answer: answer(200, "{}") }, "no-token", /OAUTH_TOKEN_URL/],
    [
      {
        kind: undefined,
        status: 400,
        error: undefined,
        answer: answer(400, "The plain HTTP request was sent to HTTPS port"),
        values: { OAUTH_TOKEN_URL: "http://127.0.0.1/token" }
      },
      "http-at-tls-port",
      /Set OAUTH_TOKEN_URL=https:\/\/127\.0\.0\.1\/token/
    ]
  ]
  for (const [fact, code, remedy] of cases) {
    it(`name ${code} for ${JSON.stringify(fact)}`, () => {
      const found = tokenRules.failed({ ...token, ...fact })
      assert.strictEqual(found.code, code)
      assert.match(found.remedy ?? "", remedy)
    })
  }

  it("try settings that differ from those in use, without a repetition, and few", () => {
    fc.assert(fc.property(
      fc.record({
        status: fc.constantFrom(400, 401, 403, 415),
        error: fc.constantFrom(
          "invalid_client",
          "invalid_request",
          "unsupported_grant_type",
          "invalid_grant",
          "x",
          undefined
        ),
        kind: fc.constantFrom("authentication" as const, "request" as const, undefined),
        method: fc.constantFrom(
          "client_secret_basic",
          "client_secret_post",
          "client_secret_jwt",
          "private_key_jwt",
          "none"
        ),
        isSpecial: fc.boolean(),
        methods: fc.option(fc.subarray(["client_secret_basic", "client_secret_post", "client_secret_jwt"]), {
          nil: undefined
        }),
        values: fc.record({
          OAUTH_BASIC_ENCODING: fc.constantFrom("raw", "form"),
          OAUTH_REQUEST_FORMAT: fc.constantFrom("json", "form"),
          OAUTH_DPOP: fc.constant("true")
        }, { requiredKeys: [] })
      }),
      (fact) => {
        const all = trials.forFact({ ...token, ...fact })
        assert.isAtMost(all.length, 6)
        const changed = all.map((one) => JSON.stringify(Object.entries(change.applied(one, fact.values)).sort()))
        assert.deepStrictEqual(changed, [...new Set(changed)])
        assert.notInclude(changed, JSON.stringify(Object.entries(fact.values).sort()))
      }
    ))
  })

  it("try settings alone, then two together, without a repetition and within six requests", () => {
    const rejection = fc.record({
      kind: fc.constantFrom("authentication" as const, "request" as const, "limit" as const, undefined),
      status: fc.constantFrom(200, 400, 401, 403, 415, 429),
      error: fc.constantFrom(
        "invalid_client",
        "invalid_request",
        "invalid_dpop_proof",
        "invalid_grant",
        "invalid_scope",
        undefined
      )
    })
    fc.assert(fc.property(
      fc.constantFrom("client_secret_basic", "client_secret_post", "private_key_jwt"),
      fc.boolean(),
      rejection,
      fc.array(fc.option(rejection, { nil: undefined }), { minLength: 20, maxLength: 20 }),
      (method, isSpecial, first, rejections) => {
        const fact = { ...token, ...first, method, isSpecial }
        const tried: Array<trials.Trial> = []
        for (const one of rejections) {
          const next = trials.next(fact, tried)
          if (next === undefined) break
          const values = change.applied(next, fact.values)
          tried.push({ change: next, fact: one === undefined ? undefined : { ...fact, ...one, values } })
        }
        assert.isAtMost(tried.filter((one) => one.fact !== undefined).length, 6)
        const sent = tried.map((one) => JSON.stringify(Object.entries(change.applied(one.change, fact.values)).sort()))
        assert.deepStrictEqual(sent, [...new Set(sent)])
        // A limit or a token, even one that cannot be used, ends the attempts.
        const ends = ({ kind, status }: tokenRules.TokenFact) =>
          kind === "limit" || status === 429 || (status < 300 && kind === undefined)
        if (ends(fact)) assert.isEmpty(tried.filter((one) => one.fact !== undefined))
        const last = tried.findIndex((one) => one.fact !== undefined && ends(one.fact))
        if (last !== -1) assert.lengthOf(tried, last + 1)
      }
    ))
  })

  it("try nothing where a limit is reached, or where there is no token endpoint", () => {
    for (const kind of ["limit", "unavailable", "wrong endpoint"] as const) {
      assert.isEmpty(trials.forFact({ ...token, kind, status: 400, error: "invalid_client" }))
    }
  })
})

describe("the rules of APIs", () => {
  it("name a base URL that is another one with TLS", () => {
    const found = apiRules.call({
      answer: { ...answer(301, "", { location: "https://127.0.0.1/v1" }), url: "http://127.0.0.1/v1" },
      values: { API_BASE_URL: "http://127.0.0.1/v1" },
      now: 0
    })
    assert.deepStrictEqual([found.code, found.fix?.set], ["moved", { API_BASE_URL: "https://127.0.0.1/v1" }])
  })

  it("are good for no response but a successful one", () => {
    fc.assert(fc.property(
      fc.integer({ min: 200, max: 599 }),
      fc.constantFrom("", "{}", "<html></html>", "text"),
      fc.constantFrom({}, { location: "/x" }, { "www-authenticate": "Bearer" }, { "content-type": "text/html" }),
      (status, body, headers) => {
        const { remedy, verdict } = apiRules.call({ answer: answer(status, body, headers), values: {}, now: 0 })
        assert.strictEqual(verdict === "ok", status < 300 && !/html/.test(body + JSON.stringify(headers)))
        assert.strictEqual(verdict === "ok", remedy === undefined)
      }
    ))
  })

  const resets: ReadonlyArray<readonly [headers: Readonly<Record<string, string>>, at: number | undefined]> = [
    [{ "retry-after": "60" }, 61_000],
    [{ "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }, 60_000],
    [{ "ratelimit-reset": "60" }, 61_000],
    [{ "x-ratelimit-reset": "1700000000" }, 1_700_000_000_000],
    [{ "x-rate-limit-reset": "1700000000000" }, 1_700_000_000_000],
    [{ ratelimit: "\"default\";r=0;t=30" }, 31_000],
    [{ "retry-after": "Thu Jan  1 00:01:00 1970" }, 60_000],
    // Dates by a clock that is 10 minutes ahead.
    [{ "retry-after": "Thu, 01 Jan 1970 00:11:00 GMT", date: "Thu, 01 Jan 1970 00:10:00 GMT" }, 61_000],
    [{ "retry-after": "Thu, 01 Jan 1970 00:11:00 GMT", date: "Thu, 01 Jan 1970 00:09:00 GMT", age: "60" }, 61_000],
    [{ "retry-after": "Thu, 01 Jan 1970 00:00:00 GMT" }, 1000],
    [{ "retry-after": "999999999" }, 86_401_000],
    [{ "retry-after": "Thu, 31 Dec 2099 00:00:00 GMT" }, 86_401_000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "-1" }, undefined],
    [{}, undefined]
  ]
  it("read when a limit ends", () => {
    for (const [headers, at] of resets) assert.strictEqual(answers.resetOf(headers, 1000), at, JSON.stringify(headers))
  })

  it("compare the clocks by the Date of the response, and the time that it spent in caches", () => {
    for (
      const [headers, offset] of [
        [{ date: "Thu, 01 Jan 1970 00:01:00 GMT" }, 60_500],
        [{ date: "Thu, 01 Jan 1970 00:01:00 GMT", age: "30" }, 90_500],
        [{ date: "Thu, 01 Jan 1970 00:01:00 GMT", age: "old" }, 60_500],
        [{ date: "Thu Jan  1 00:01:00 1970" }, 60_500],
        [{ date: "1" }, undefined],
        [{ age: "30" }, undefined]
      ] as const
    ) assert.strictEqual(answers.offset(answer(200, "", headers)), offset, JSON.stringify(headers))
  })

  const meanings = [
    [401, "Bearer", "invalid_token", {}, "token-opaque"],
    [403, "Bearer", "invalid_token", {}, "token-opaque"],
    [401, "Bearer", "insufficient_scope", {}, "scope"],
    [403, "Bearer", "insufficient_scope", {}, "scope"],
    [401, "Bearer", "insufficient_user_authentication", {}, "step-up"],
    [401, "Bearer", "insufficient_claims", {}, "claims"],
    [401, "Bearer", "invalid_dpop_proof", { OAUTH_DPOP: "true" }, "dpop-proof"],
    [400, "DPoP", "use_dpop_nonce", { OAUTH_DPOP: "true" }, "dpop-proof"],
    [400, "DPoP", "invalid_dpop_proof", { OAUTH_DPOP: "true" }, "dpop-proof"],
    [403, "Bearer", "no_right", {}, "forbidden"]
  ] as const
  for (const [status, scheme, code, values, expected] of meanings) {
    it(`name ${expected} for ${status} with ${code}, in any quoting, letter case and order of challenges`, () => {
      for (const written of [`"${code}"`, code, `'${code}'`, `"'${code}'"`, `" ${code.toUpperCase()} "`]) {
        for (const before of ["", "Basic realm=\"a\", ", "Negotiate, ", `${scheme} realm="a", `]) {
          const challenge = `${before}${scheme} error=${written}`
          const found = apiRules.call({
            answer: answer(status, "", { "www-authenticate": challenge }),
            values,
            token: Redacted.make("t0k3n"),
            now: 0
          })
          assert.strictEqual(found.code, expected, challenge)
        }
      }
    })
  }
})

describe("the rules of certificates", () => {
  const day = 86_400_000
  const cases: ReadonlyArray<readonly [life: number, left: number, code: string]> = [
    [365 * day, 15 * day, "ok"],
    [365 * day, 13 * day, "certificate-ends-soon"],
    [90 * day, 15 * day, "ok"],
    [90 * day, 13 * day, "certificate-ends-soon"],
    // Issuers renew short certificates after two thirds of their lifetime.
    [6 * day, 2 * day, "ok"],
    [6 * day, day, "certificate-ends-soon"],
    [day, day / 3, "ok"],
    [day, day / 6, "certificate-ends-soon"]
  ]
  it("warn of the end of a certificate in the last fifth of its lifetime, at most 14 days before", () => {
    for (const [life, left, code] of cases) {
      const now = 1_700_000_000_000
      const names = { subject: "auth.example.com", issuer: "The authority", names: ["auth.example.com"] }
      const found = networkRules.certificate({
        target: { host: "auth.example.com", port: 443, isSecure: true },
        url: "https://auth.example.com/token",
        variable: "OAUTH_TOKEN_URL",
        values: {},
        tried: {
          _tag: "Found",
          value: {
            protocol: "TLSv1.3",
            rejection: undefined,
            isOtherName: false,
            chain: [{ ...names, validFrom: now + left - life, validTo: now + left }],
            closedWith: undefined
          }
        },
        now,
        speaksHttp: false,
        offered: undefined
      })
      assert.strictEqual(found.code, code, `${left / day} of ${life / day} days`)
    }
  })
})

describe("the rules of requests without an answer", () => {
  const fact: exchangeRules.ExchangeFact = {
    step: "call",
    url: "https://api.example.com/",
    variable: "API_BASE_URL",
    value: "https://api.example.com",
    detail: "ECONNRESET",
    timeout: 8000,
    isTlsPort: false,
    values: {}
  }
  const cases: ReadonlyArray<readonly [detail: string, code: string, remedy: RegExp]> = [
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "client-certificate", /OAUTH_TLS_CERTIFICATE_FILE/],
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "client-certificate", /OAUTH_TLS_CERTIFICATE_FILE/],
    ["timeout", "no-answer", /--timeout/],
    ["UND_ERR_CONNECT_TIMEOUT", "no-answer", /API_BASE_URL/],
    ["HPE_INVALID_CONSTANT", "not-http", /port/],
    ["HPE_HEADER_OVERFLOW", "large-headers", /NODE_OPTIONS=--max-http-header-size=65536/],
    ["UND_ERR_HEADERS_OVERFLOW", "large-headers", /NODE_OPTIONS=--max-http-header-size=65536/],
    ["ECONNRESET", "connection-closed", /OAUTH_TLS_CERTIFICATE_FILE/],
    ["UND_ERR_ABORTED", "proxy-rejects", /NO_PROXY/],
    ["SELF_SIGNED_CERT_IN_CHAIN", "certificate-untrusted", /OAUTH_TLS_CA_FILE/],
    ["NODE_TLS_REJECT_UNAUTHORIZED=0", "certificate-untrusted", /Remove NODE_TLS_REJECT_UNAUTHORIZED/],
    ["EHOSTUNREACH", "unreachable", /HTTPS_PROXY/]
  ]
  for (const [detail, code, remedy] of cases) {
    it(`name ${code} for ${detail}`, () => {
      const found = exchangeRules.failed({ ...fact, detail })
      assert.strictEqual(found.code, code)
      assert.match(found.remedy ?? "", remedy)
    })
  }
})

describe("the proxy of a request", () => {
  const of = (values: Readonly<Record<string, string>>) => (name: string) => values[name]

  it("is that of the variables in their order, and none for this machine", () => {
    const variable = (url: string, values: Readonly<Record<string, string>>) =>
      proxyChoice.configured(url, of(values))?.variable
    const all = { HTTPS_PROXY: "http://a:1", https_proxy: "b:2", ALL_PROXY: "http://c:3", HTTP_PROXY: "http://d:4" }
    assert.strictEqual(variable("https://api.example.com", all), "https_proxy")
    assert.strictEqual(variable("https://api.example.com", { ...all, https_proxy: "" }), "HTTPS_PROXY")
    assert.strictEqual(variable("https://api.example.com", { HTTP_PROXY: "http://d:4" }), "HTTP_PROXY")
    assert.isUndefined(variable("https://127.0.0.1", all))
    assert.isUndefined(variable("http://localhost", all))
    assert.isUndefined(variable("https://api.example.com", { ...all, NO_PROXY: "*" }))
  })

  it("is not used for the hosts of NO_PROXY", () => {
    const excepted = (no_proxy: string) => proxyChoice.excepted("https://api.example.com/v1", of({ no_proxy }))
    for (const entry of ["example.com", ".example.com", "*.example.com", "api.example.com", "API.example.com:443"]) {
      assert.strictEqual(excepted(`localhost, ${entry}`), entry)
    }
    for (const entry of ["", "ple.com", "api.example.com:8443", "other.example.com"]) {
      assert.isUndefined(excepted(entry))
    }
  })
})

describe("the clock", () => {
  it("is wrong only where something is dated by it", () => {
    fc.assert(fc.property(fc.integer({ min: -600_000, max: 600_000 }), fc.boolean(), (offset, isDated) => {
      const { verdict } = networkRules.clock({ offset, isDated, values: {} })
      const distance = Math.abs(offset)
      assert.strictEqual(verdict, distance <= 2000 ? "ok" : isDated && distance > 30_000 ? "wrong" : "warning")
    }))
  })
})

describe("the result", () => {
  const called = ok("call", "")
  const issued = ok("authentication", "")
  const wrong: Finding = { step: "scope", verdict: "wrong", code: "x", message: "", remedy: "x" }
  const cases: ReadonlyArray<readonly [ReadonlyArray<Finding>, boolean, string]> = [
    [[issued, called], true, "Calls can be made."],
    [[issued, { ...called, verdict: "warning" }], true, "Calls can be made."],
    [[issued, { ...skipped("call", ""), code: "no-api" }], true, "Tokens can be requested."],
    [[issued, skipped("call", "")], false, "No call was made."],
    [[issued, called, wrong], false, "1 problem found."],
    [[wrong, wrong], false, "2 problems found."],
    [[], false, "No call was made."]
  ]
  it("is good only if a call succeeded, or there is no API", () => {
    for (const [findings, isGood, message] of cases) assert.deepStrictEqual(result(findings), { isGood, message })
  })
})

describe("facts", () => {
  it("hold no text of a server that the library did not redact", () => {
    const rejected = { _tag: "InvalidTokenResponse", endpoint: "", status: 404, problem: "" } as Parameters<
      typeof facts.rejection
    >[0]
    const found = facts.rejection(
      rejected,
      answer(404, "{\"error\":\"Not Found\",\"error_description\":\"c4n4ry\"}"),
      0
    )
    assert.deepStrictEqual([found.kind, found.error, found.description], ["wrong endpoint", undefined, undefined])
  })
})
