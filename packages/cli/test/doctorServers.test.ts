/**
 * Every server that the testing package behaves as: `doctor` finds nothing wrong where nothing is, and names what is.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect } from "effect"

import { serverNames } from "../src/internal/serverNames.js"
import * as support from "./support/doctor.js"

const wrongs: ReadonlyArray<
  readonly [
    name: string,
    (env: Readonly<Record<string, string>>) => Readonly<Record<string, string | undefined>>,
    codes: RegExp
  ]
> = [
  ["secret", () => ({ OAUTH_CLIENT_SECRET: "wr0ng" }), /^authentication (?:credentials)$/],
  [
    "client",
    () => ({ OAUTH_CLIENT_ID: "stranger" }),
    /^authentication (?:credentials|grant-not-allowed|access-denied)$/
  ],
  ["path", ({ OAUTH_TOKEN_URL = "" }) => ({ OAUTH_TOKEN_URL: `${OAUTH_TOKEN_URL}s` }), /^authentication token-url$/]
]

/** Settings in which servers differ: without one of them, the change that `doctor` names is the right one. */
const dialect = [
  "OAUTH_BASIC_ENCODING",
  "OAUTH_CLIENT_AUTHENTICATION",
  "OAUTH_DPOP",
  "OAUTH_REQUEST_FORMAT",
  "OAUTH_SIGNING_ALGORITHM",
  "OAUTH_TOKEN_TYPE"
]

const named = (wrong: ReadonlyArray<support.Finding>): ReadonlyArray<string> =>
  wrong.map(({ code, step }) => `${step} ${code}`)

describe("doctor, at known servers", () => {
  for (const server of serverNames) {
    it.scopedLive(`finds nothing wrong at ${server}, or names what is`, () =>
      Effect.gen(function*() {
        const { doctor } = yield* support.start
        const { environment, server: { issued } } = yield* Loopback.start({
          server: { server, scopes: ["items:read"] }
        })
        const env = { OAUTH_SCOPE: "items:read", ...environment, OAUTH_ISSUER: undefined }
        const right = yield* doctor(env, "--path", "/items")
        assert.deepStrictEqual([right.exitCode, named(right.wrong), (yield* issued).length], [0, [], 1])

        for (const [name, change, codes] of wrongs) {
          const before = (yield* issued).length
          const { wrong } = yield* doctor({ ...env, ...change(environment) }, "--path", "/items")
          assert.match(named(wrong).join(), codes, name)
          assert.strictEqual((yield* issued).length, before, name)
        }

        for (const variable of dialect.filter((one) => environment[one] !== undefined)) {
          const without = { ...env, [variable]: undefined }
          const { wrong } = yield* doctor(without, "--path", "/items")
          if (wrong.length === 0) continue
          const fix = wrong[0]?.fix?.set
          assert.isDefined(fix, `${variable}: ${named(wrong).join()}`)
          assert.deepStrictEqual(named((yield* doctor({ ...without, ...fix }, "--path", "/items")).wrong), [], variable)
        }
      }))
  }

  it.scopedLive("finds the issuer of each server by a slash, its document, and its token URL", () =>
    Effect.gen(function*() {
      const { doctor } = yield* support.start
      for (const server of serverNames) {
        const { environment } = yield* Loopback.start({ server: { server, scopes: ["items:read"] } })
        const { OAUTH_ISSUER: issuer = "", OAUTH_TOKEN_URL: url = "" } = environment
        const env = { OAUTH_SCOPE: "items:read", ...environment, OAUTH_TOKEN_URL: undefined }
        const right = yield* doctor(env, "--path", "/items")
        const other = issuer.endsWith("/") ? issuer.slice(0, -1) : `${issuer}/`
        for (const written of [other, `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, url]) {
          // The issuer of UAA is its token URL.
          if (written === issuer) continue
          const { wrong } = yield* doctor({ ...env, OAUTH_ISSUER: written }, "--path", "/items")
          const fix = wrong[0]?.fix?.set
          // A server without metadata is found by its token URL only.
          if (right.exitCode !== 0 && written !== url) continue
          assert.isDefined(fix, `${server} ${written}: ${JSON.stringify(wrong)}`)
          const fixed = { ...env, OAUTH_ISSUER: undefined, ...fix }
          assert.deepStrictEqual(named((yield* doctor(fixed, "--path", "/items")).wrong), [], `${server} ${written}`)
        }
      }
    }))
})
