/**
 * Tokens that an API rejects: `doctor` names the reason as far as the response and the token state it, and what is not known.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as fc from "effect/FastCheck"

import * as apiRules from "../src/internal/doctor/apiRules.js"
import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

const now = Date.parse("2026-03-01T12:00:00Z")

const at = now / 1000

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")

const jwt = (claims: object): string => `${part({ alg: "ES256" })}.${part(claims)}.c4n4ry`

/** Claims with nothing wrong. */
const right = {
  iss: "https://auth.example.com",
  aud: "https://api.example.com/v1",
  scope: "items:read",
  iat: at,
  nbf: at,
  exp: at + 3600
}

const values = {
  OAUTH_ISSUER: "https://auth.example.com",
  OAUTH_CLIENT_ID: "client-7",
  API_BASE_URL: "https://api.example.com/v1"
}

interface Situation {
  readonly name: string
  /** Those that differ from `right`. */
  readonly claims?: object
  /** Instead of a JWT. */
  readonly opaque?: string
  readonly values?: Readonly<Record<string, string>>
  readonly status?: number
  /** `Bearer error="invalid_token"` by default. */
  readonly challenge?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The clock of this machine, in milliseconds. */
  readonly clock?: number
  readonly code: string
  readonly message: RegExp
  readonly remedy: RegExp
}

const because = (text: string): string => `Bearer error="invalid_token", error_description="${text}"`

const situations: ReadonlyArray<Situation> = [
  {
    name: "one that has expired by a response from a cache",
    claims: { iat: at - 3600, exp: at - 1 },
    clock: now - 3_600_000,
    headers: { date: new Date(now - 60_000).toUTCString(), age: "60" },
    code: "token-expired",
    message: /and the Date of the API is 2026-03-01T12:00:00Z/,
    remedy: /NTP/
  },
  {
    name: "one that has expired, and lasts long",
    claims: { iat: at - 3600, exp: at - 1 },
    code: "token-expired",
    message: /it expired at 2026-03-01T11:59:59Z \(exp\), and the Date of the API is 2026-03-01T12:00:00Z/,
    remedy: /the clocks .* differ.*NTP/
  },
  {
    name: "one that lasts shortly",
    claims: { iat: at - 5, exp: at },
    code: "token-expired",
    message: /expired at/,
    remedy: /It lasts 5 s only/
  },
  {
    name: "one that has expired, where the API sends no Date",
    claims: { iat: at - 3600, exp: at - 1 },
    headers: {},
    code: "token-expired",
    message: /the clock of this machine is 2026/,
    remedy: /NTP/
  },
  {
    name: "one that has expired, whatever the API states",
    claims: { iat: at - 3600, exp: at - 1 },
    challenge: because("invalid audience"),
    code: "token-expired",
    message: /expired at/,
    remedy: /NTP/
  },
  ...(["nbf", "iat"] as const).map((name): Situation => ({
    name: `one whose ${name} is in the future of the API`,
    claims: { [name]: at + 90 },
    clock: now + 90_000,
    code: "token-not-yet-valid",
    message: new RegExp(`its ${name} is 2026-03-01T12:01:30Z, 1 min 30 s after the Date of the API`),
    remedy: /the API is behind/
  })),
  {
    name: "one that is from the future for this machine too",
    claims: { iat: at + 90 },
    code: "token-not-yet-valid",
    message: /1 min 30 s after/,
    remedy: /the authorization server is ahead/
  },
  {
    name: "another issuer than the configured one",
    claims: { iss: "https://sts.example.com/" },
    code: "token-issuer",
    message: /its iss is https:\/\/sts\.example\.com\/, and OAUTH_ISSUER is https:\/\/auth\.example\.com$/,
    remedy: /OAUTH_ISSUER.*API_BASE_URL.*same environment/
  },
  ...[undefined, []].map((aud): Situation => ({
    name: `no audience, as ${JSON.stringify(aud)}`,
    claims: { aud },
    code: "token-audience",
    message: /it has no audience \(aud\)/,
    remedy: /Set OAUTH_AUDIENCE or OAUTH_RESOURCE/
  })),
  ...[
    "account",
    "api://default",
    "client-7",
    "https://auth.example.com",
    "https://auth.example.com/resources",
    "00000003-0000-0000-c000-000000000000"
  ].map((aud): Situation => ({
    name: `the placeholder ${aud} as audience`,
    claims: { aud },
    code: "token-audience",
    message: /which servers write where no API was requested/,
    remedy: /Set OAUTH_AUDIENCE or OAUTH_RESOURCE/
  })),
  ...(["OAUTH_AUDIENCE", "OAUTH_RESOURCE"] as const).map((name): Situation => ({
    name: `another audience than that of ${name}`,
    values: { [name]: "https://api.example.com/v2" },
    code: "token-audience",
    message: /its aud is https:\/\/api\.example\.com\/v1, not https:\/\/api\.example\.com\/v2/,
    remedy: /Correct OAUTH_AUDIENCE and OAUTH_RESOURCE/
  })),
  {
    name: "an audience that is elsewhere",
    claims: { aud: ["https://other.example.com"] },
    code: "token-audience",
    message: /which may be another API/,
    remedy: /Set OAUTH_AUDIENCE/
  },
  {
    name: "no scope",
    claims: { scope: undefined },
    code: "token-scope",
    message: /it has no scope/,
    remedy: /Set OAUTH_SCOPE/
  },
  {
    name: "no scope, where one is configured",
    claims: { scope: "" },
    values: { OAUTH_SCOPE: "x" },
    code: "token-scope",
    message: /it has no scope/,
    remedy: /Correct OAUTH_SCOPE/
  },
  {
    name: "no scope, and roles",
    claims: { scope: undefined, roles: ["reader"] },
    code: "token-rejected",
    message: /rejects the token \(401, invalid_token\)$/,
    remedy: /OAUTH_AUDIENCE/
  },
  ...([
    ["The access token expired", "token-expired", /exp is 2026-03-01T13:00:00Z, which is not over/],
    ["Invalid audience", "token-audience", /OAUTH_AUDIENCE/],
    ["The issuer 'https://auth.example.com' is invalid", "token-issuer", /OAUTH_ISSUER/],
    ["The signature is invalid", "token-signature", /keys/],
    ["no public key found", "token-signature", /OAUTH_ISSUER/],
    ["Token has been revoked", "token-inactive", /one token per client/],
    ["malformed token", "token-format", /this one is a JWT/],
    ["a scope is missing", "token-scope", /OAUTH_SCOPE/]
  ] as const).map(([text, code, remedy]): Situation => ({
    name: `the description "${text}"`,
    challenge: because(text),
    code,
    message: new RegExp(`rejects the token \\(401, invalid_token\\): ${text}$`),
    remedy
  })),
  {
    name: "the description of RFC 6750, which states every reason",
    challenge: because("The access token provided is expired, revoked, malformed, or invalid for other reasons."),
    code: "token-rejected",
    message: /invalid for other reasons$/,
    remedy: /OAUTH_AUDIENCE/
  },
  {
    name: "a description in the body",
    challenge: undefined,
    body: "{\"message\":\"jwt signature is required\"}",
    code: "token-signature",
    message: /jwt signature is required/,
    remedy: /keys/
  },
  ...["expired_token", "token_expired"].map((error): Situation => ({
    name: `the error code ${error}`,
    challenge: `Bearer error="${error}"`,
    opaque: "opaque",
    code: "token-expired",
    message: new RegExp(`rejects the token \\(401, ${error}\\)`),
    remedy: /clocks.*API_BASE_URL/
  })),
  {
    name: "an opaque token where a JWT is expected",
    opaque: "c4n4ry",
    challenge: because("malformed token"),
    code: "token-format",
    message: /malformed/,
    remedy: /expects a JWT, and the token is opaque\. Some servers issue a JWT only if OAUTH_AUDIENCE/
  },
  {
    name: "an opaque token",
    opaque: "c4n4ry",
    code: "token-opaque",
    message: /opaque, so its lifetime, audience, scope and issuer cannot be read here/,
    remedy: /OAUTH_AUDIENCE or OAUTH_RESOURCE/
  },
  ...[401, 419, 498].flatMap((status) =>
    [undefined, "c4n4ry"].map((opaque): Situation => ({
      name: `no challenge with ${status}, for ${opaque === undefined ? "a JWT" : "an opaque token"}`,
      ...(opaque === undefined ? {} : { opaque }),
      status,
      challenge: undefined,
      code: "no-challenge",
      message: opaque === undefined ? /sends no WWW-Authenticate$/ : /sends no WWW-Authenticate; the token is opaque/,
      remedy: /OAUTH_AUDIENCE.*effect-oauth call \/items NAME:VALUE/
    }))
  ),
  ...["{\"message\":\"Unauthorized\"}", "{\"error\":\"unauthorized\"}", "{\"detail\":\"Invalid token.\"}"].map((
    body
  ): Situation => ({
    name: `no challenge, and the body ${body}, which states no reason`,
    challenge: undefined,
    body,
    code: "no-challenge",
    message: /states no reason/,
    remedy: /OAUTH_AUDIENCE/
  })),
  ...[because("token c4n4ry-0123456789abcdef is unknown"), because(jwt(right))].map((challenge): Situation => ({
    name: "a description that repeats the token",
    ...(challenge.includes("c4n4ry-") ? { opaque: "c4n4ry-0123456789abcdef", code: "token-opaque" } : {
      code: "token-rejected"
    }),
    challenge,
    message: /invalid_token\): <redacted>/,
    remedy: /OAUTH_AUDIENCE/
  })),
  ...([
    ["Basic realm=\"x\"", "other-authentication", /API_BASE_URL/],
    ["ApiKey realm=\"x\"", "api-key", /X-Api-Key/],
    ["DPoP algs=\"ES256\"", "dpop-required", /OAUTH_DPOP=true/]
  ] as const).map(([challenge, code, remedy]): Situation => ({
    name: `the challenge ${challenge}`,
    challenge,
    code,
    message: /requires/,
    remedy
  })),
  ...["invalid_dpop_proof", "use_dpop_nonce"].map((error): Situation => ({
    name: `the proof, as ${error}`,
    values: { OAUTH_DPOP: "true" },
    challenge: `DPoP error="${error}"`,
    code: "dpop-proof",
    message: /proof of possession/,
    remedy: /API_BASE_URL.*clock/
  })),
  {
    name: "403 with the error of a token",
    status: 403,
    claims: { aud: "account" },
    code: "token-audience",
    message: /\(403, invalid_token\)/,
    remedy: /OAUTH_AUDIENCE/
  },
  {
    name: "a GraphQL response",
    status: 200,
    claims: { scope: undefined },
    challenge: undefined,
    body: "{\"errors\":[{\"message\":\"no\",\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}",
    code: "token-scope",
    message: /\(200, UNAUTHENTICATED\)/,
    remedy: /OAUTH_SCOPE/
  }
]

const finding = (one: Omit<Situation, "code" | "name" | "remedy" | "message">) => {
  const challenge = "challenge" in one ? one.challenge : "Bearer error=\"invalid_token\""
  return apiRules.call({
    answer: {
      method: "GET",
      url: "https://api.example.com/v1",
      status: one.status ?? 401,
      headers: {
        ...(one.headers ?? { date: new Date(now).toUTCString() }),
        ...(challenge === undefined ? {} : { "www-authenticate": challenge })
      },
      at: one.clock ?? now,
      body: one.body ?? ""
    },
    values: { ...values, ...one.values },
    token: Redacted.make(one.opaque ?? jwt({ ...right, ...one.claims })),
    now: one.clock ?? now
  })
}

describe("doctor, for a token that the API rejects", () => {
  for (const { code, message, name, remedy, ...situation } of situations) {
    it(`names ${code} for ${name}`, () => {
      const found = finding(situation)
      assert.strictEqual(found.code, code, JSON.stringify(found))
      assert.strictEqual(found.verdict, "wrong")
      assert.match(found.message, message)
      assert.match(found.remedy ?? "", remedy)
      assert.notMatch(`${found.message} ${found.remedy}`, /c4n4ry/)
    })
  }

  it("states a reason by the time exactly if the API's clock is outside of exp, nbf and iat", () => {
    const seconds = fc.integer({ min: -100, max: 100 })
    fc.assert(fc.property(fc.record({ exp: seconds, nbf: seconds, iat: seconds }), ({ exp, iat, nbf }) => {
      const { code } = finding({ claims: { exp: at + exp, nbf: at + nbf, iat: at + iat } })
      assert.strictEqual(
        code,
        exp <= 0 ? "token-expired" : Math.max(nbf, iat) >= 1 ? "token-not-yet-valid" : "token-rejected"
      )
    }))
  })

  it("gives a remedy, and no control character, for whatever the token and the API state", () => {
    const claim = fc.oneof(fc.fullUnicodeString(), fc.double(), fc.array(fc.fullUnicodeString()), fc.constant(null))
    fc.assert(fc.property(
      fc.dictionary(fc.constantFrom("iss", "aud", "scope", "scp", "exp", "nbf", "iat"), claim),
      fc.fullUnicodeString(),
      fc.constantFrom(401, 419, 498),
      (claims, stated, status) => {
        const { message, remedy, verdict } = finding({
          claims,
          status,
          challenge: undefined,
          body: JSON.stringify({ message: stated })
        })
        assert.strictEqual(verdict, "wrong")
        assert.isNotEmpty(remedy)
        assert.notMatch(`${message} ${remedy}`, /[\p{Cc}\p{Cf}]|undefined|NaN|Infinity/u)
      }
    ))
  })

  it.scopedLive("states the reason of the token that was issued, for one token", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      const api = yield* servers.http((_, response) =>
        response.writeHead(401, { "www-authenticate": "Bearer error=\"invalid_token\"" }).end()
      )
      const time = Math.floor(Date.now() / 1000)
      const cases: ReadonlyArray<readonly [claims: object, code: string]> = [
        [{ exp: time - 60 }, "token-expired"],
        [{ exp: time + 3600, nbf: time + 1800 }, "token-not-yet-valid"],
        [{ exp: time + 3600, aud: "account" }, "token-audience"],
        [{ exp: time + 3600, aud: api }, "token-scope"]
      ]
      for (const [claims, code] of cases) {
        const { state, url } = yield* support.issuer(({ issue }) => issue({ access_token: jwt(claims) }))
        const { exitCode, wrong } = yield* doctor({
          OAUTH_TOKEN_URL: url,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: servers.secret,
          API_BASE_URL: api
        })
        assert.deepStrictEqual([exitCode, wrong.map((one) => `${one.step} ${one.code}`)], [21, [`call ${code}`]])
        assert.strictEqual(state.issued, 1)
      }
    }))
})
