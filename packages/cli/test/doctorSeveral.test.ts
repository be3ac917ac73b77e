/**
 * Token endpoints that differ from the settings in two ways: `doctor` names both changes, and requests one token at most.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import * as support from "./support/doctor.js"
import * as servers from "./support/tlsServers.js"

const { secret } = servers

const formEncoded = (text: string): string => new URLSearchParams({ a: text }).toString().slice(2)

type Rejection = readonly [status: number, body: object | string, headers?: Readonly<Record<string, string>>]

/** A requirement of a server: whether a request meets it, the answer to one that does not, and the settings that do. */
interface Requirement {
  readonly name: string
  readonly isMet: (request: support.TokenRequest) => boolean
  readonly rejections: ReadonlyArray<Rejection>
  readonly set: Readonly<Record<string, string>>
}

const invalidClient: Rejection = [401, { error: "invalid_client" }]

const error = (code: string): Rejection => [400, { error: code }]

const basic: Requirement = {
  name: "basic",
  isMet: (one) => one.basic === `a:${formEncoded(secret)}`,
  rejections: [invalidClient],
  set: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" }
}

const rawBasic: Requirement = {
  ...basic,
  name: "raw basic",
  isMet: (one) => one.basic === `a:${secret}`,
  set: { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_BASIC_ENCODING: "raw" }
}

const json: Requirement = {
  name: "JSON",
  isMet: ({ body }) => body.startsWith("{"),
  rejections: [error("invalid_request"), error("unsupported_grant_type"), [415, ""], invalidClient],
  set: { OAUTH_REQUEST_FORMAT: "json" }
}

const dpop: Requirement = {
  name: "DPoP",
  isMet: ({ request }) => request.headers["dpop"] !== undefined,
  rejections: [error("invalid_dpop_proof"), error("use_dpop_nonce"), error("invalid_grant"), [401, {
    error: "invalid_client"
  }, {
    "www-authenticate": "DPoP algs=\"ES256\""
  }]],
  set: { OAUTH_DPOP: "true" }
}

const vagueDpop: Requirement = { ...dpop, name: "DPoP (not named)", rejections: [error("invalid_request")] }

/** In the order in which the server checks them. */
const orders: ReadonlyArray<readonly [Requirement, Requirement]> = [
  [basic, dpop],
  [rawBasic, dpop],
  [basic, vagueDpop],
  [rawBasic, vagueDpop],
  [{ ...dpop, rejections: dpop.rejections.slice(0, 1) }, basic],
  [{ ...dpop, rejections: dpop.rejections.slice(0, 1) }, rawBasic],
  [json, basic],
  [json, rawBasic],
  [basic, { ...json, rejections: [error("invalid_request"), [415, ""]] }],
  [json, dpop],
  [{ ...dpop, rejections: dpop.rejections.slice(0, 1) }, json]
]

const examined = (answer: (one: support.TokenRequest) => void, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const { doctor } = yield* support.start
    const { state, url } = yield* support.issuer(answer)
    const { wrong } = yield* doctor({
      OAUTH_TOKEN_URL: url,
      OAUTH_ALLOW_HTTP_LOOPBACK: "true",
      OAUTH_CLIENT_ID: "a",
      OAUTH_CLIENT_SECRET: secret,
      API_BASE_URL: "none",
      ...env
    })
    assert.lengthOf(wrong, 1)
    assert.isAtMost(state.issued, 1)
    assert.isAtMost(state.requests, 7)
    const [{ code, fix, message, remedy } = { code: "", fix: undefined, remedy: "", message: "" }] = wrong
    return { code, fix, remedy: remedy ?? "", message, state }
  })

describe("doctor, at a server with two requirements", () => {
  for (const [first, second] of orders) {
    it.scopedLive(`finds ${first.name} and ${second.name}, for one token`, () =>
      Effect.gen(function*() {
        for (const one of first.rejections) {
          for (const other of second.rejections) {
            const name = JSON.stringify([one, other])
            const { code, fix, remedy, state } = yield* examined((request) =>
              !first.isMet(request)
                ? request.reject(...one)
                : !second.isMet(request)
                ? request.reject(...other)
                : request.issue("dpop" in request.request.headers ? { token_type: "DPoP" } : {})
            )
            assert.deepStrictEqual([code, state.issued], ["several-settings", 1], name)
            assert.deepStrictEqual({ ...fix?.set }, { ...first.set, ...second.set }, name)
            for (const [variable, value] of Object.entries({ ...first.set, ...second.set })) {
              assert.include(remedy, `${variable}=${value}`, name)
            }
          }
        }
      }))
  }

  const others: ReadonlyArray<readonly [rejection: Rejection, code: string, remedy: RegExp, isProven: boolean]> = [
    [error("invalid_scope"), "scope", /accepts the client with that\. Set OAUTH_SCOPE/, true],
    [
      [400, { error: "invalid_request", error_description: "scope is required" }],
      "request-rejected",
      /OAUTH_SCOPE/,
      true
    ],
    [[403, ""], "no-reason", /gets further with that\..*OAUTH_SCOPE/, true],
    [[403, { error: "access_denied" }], "access-denied", /OAUTH_SCOPE/, true],
    [error("invalid_target"), "target", /OAUTH_RESOURCE/, true],
    [
      [429, { error: "too_many_requests" }, { "retry-after": "600" }],
      "limit",
      /^Wait until \d{4}-\S+Z, then set .*, which the server may accept, and run effect-oauth doctor again\.$/,
      false
    ],
    [[429, ""], "limit", /^Wait before the next attempt, then set /, false],
    [[503, "", { "retry-after": "60" }], "unavailable", /^Wait until \d{4}-\S+Z, then set /, false]
  ]
  for (const [rejection, code, words, isProven] of others) {
    it.scopedLive(`names basic and ${JSON.stringify(rejection.slice(0, 2))}, without further requests`, () =>
      Effect.gen(function*() {
        for (const { isMet, set } of [basic, rawBasic]) {
          const found = yield* examined((one) => one.reject(...(isMet(one) ? rejection : invalidClient)))
          assert.strictEqual(found.code, code, JSON.stringify(found))
          assert.match(found.remedy, words)
          assert.match(found.remedy, /set OAUTH_CLIENT_AUTHENTICATION=client_secret_basic/i)
          assert.deepStrictEqual({ ...found.fix?.set }, isProven ? set : {})
          assert.strictEqual(found.state.requests, set === basic.set ? 2 : 3)
        }
      }))
  }

  it.scopedLive("states what the server returned for each attempt", () =>
    Effect.gen(function*() {
      const { message } = yield* examined((one) =>
        one.basic === undefined
          ? one.reject(401, { error: "invalid_client" })
          : one.reject(400, { error: "invalid_request", error_description: "no client_id" })
      )
      assert.match(message, /client_secret_basic \("invalid_request", 400: no client_id\)/)
    }))
})
