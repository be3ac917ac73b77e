/**
 * Requirements, from guides/requirements.md:
 * - P1: A proof has the type, algorithm, public key, method, URL without query, time and unique id of the standard.
 * - P2: A call with a bound token carries the scheme DPoP and the hash of the token.
 * - P3: Each request and each retry has a new proof.
 * - P4: The newest nonce of a server is used, from successful responses too.
 * - P5: A nonce is used only at the origin that issued it.
 * - P6: A nonce challenge is answered once; the same nonce again is an error.
 * - P8: The proof key cannot be exported.
 * - P9: Proofs follow the clock of a server that rejected one because of its time.
 */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it, vi } from "@effect/vitest"
import { ApiClient, Authorization, ClientConfig, ClientCredentials } from "@effect-oauth/client-credentials"
import { TestTokenCache } from "@effect-oauth/testing"
import { Clock, Effect, Fiber, Layer, Redacted, Stream, TestClock } from "effect"
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, type JWK, jwtVerify } from "jose"

import { printed } from "./support/printed.js"
import * as scenario from "./support/scenario.js"

const as = "https://auth.example.com/oauth/token"
const rs = "https://api.example.com/v1/items"

const proofKey = (options: ClientConfig.Options["dpop"] = true) =>
  Effect.flatMap(ClientConfig.make({ ...scenario.options, dpop: options }), ({ dpop }) => {
    assert(dpop !== undefined)
    return dpop
  })

describe("DPoP proofs", () => {
  for (const algorithm of ["ES256", "EdDSA", "PS256"] as const) {
    it.effect(`P1 have the claims of RFC 9449 section 4.2, signed with ${algorithm}`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(1_000_500)
        const { proof, thumbprint } = yield* proofKey({ algorithm })
        const { value } = yield* proof({ method: "POST", url: `${as}?tenant=1#here` })
        const { payload, protectedHeader } = yield* Effect.promise(() =>
          jwtVerify(value, EmbeddedJWK, { currentDate: new Date(1_000_500) })
        )
        assert.deepInclude(protectedHeader, { typ: "dpop+jwt", alg: algorithm })
        assert.deepInclude(payload, { htm: "POST", htu: as, iat: 1000 })
        assert.match(payload.jti ?? "", /^[0-9a-f-]{36}$/)
        assert.doesNotHaveAnyKeys(payload, ["ath", "nonce"])
        const jwk = protectedHeader.jwk as JWK
        for (const secret of ["d", "p", "q", "k"]) assert.notProperty(jwk, secret)
        assert.strictEqual(yield* Effect.promise(() => calculateJwkThumbprint(jwk)), thumbprint)
      }))
  }

  it.effect("P2 P3 contain the hash of the token, and each one is new", () =>
    Effect.gen(function*() {
      const { proof } = yield* proofKey()
      const options = {
        method: "GET",
        url: rs,
        accessToken: Redacted.make("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU")
      }
      const proofs = yield* Effect.replicateEffect(proof(options), 20, { concurrency: "unbounded" })
      // The example of RFC 9449 section 7.1.
      for (const { value } of proofs) {
        assert.strictEqual(decodeJwt(value)["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")
      }
      assert.strictEqual(
        new Set(proofs.map(({ value }) => decodeJwt(value).jti)).size,
        20
      )
    }))

  it.effect("P4 P5 contain the newest nonce of their origin, and of no other", () =>
    Effect.gen(function*() {
      const { proof } = yield* proofKey()
      const nonce = (url: string) => Effect.map(proof({ method: "GET", url }), ({ value }) => decodeJwt(value)["nonce"])
      const answer = (url: string, headers: Record<string, string>) =>
        Effect.flatMap(proof({ method: "GET", url }), ({ onResponse }) => onResponse(headers))
      assert.isTrue(yield* answer(as, { "dpop-nonce": "as-1" }))
      assert.isUndefined(yield* nonce(rs))
      assert.isTrue(yield* answer(rs, { "dpop-nonce": "rs-1" }))
      assert.isFalse(yield* answer(rs, { "dpop-nonce": "rs-1" }))
      assert.isFalse(yield* answer(rs, {}))
      assert.isTrue(yield* answer(rs, { "dpop-nonce": "rs-2" }))
      assert.deepStrictEqual([yield* nonce(as), yield* nonce(`${rs}/other`)], ["as-1", "rs-2"])
    }))

  it.effect("P6 are sent again with a nonce that another call has received in the meantime", () =>
    Effect.gen(function*() {
      const { proof } = yield* proofKey()
      const [one, other] = yield* Effect.all([proof({ method: "GET", url: rs }), proof({ method: "GET", url: rs })])
      assert.isTrue(yield* one.onResponse({ "dpop-nonce": "rs-1" }))
      assert.isTrue(yield* other.onResponse({ "dpop-nonce": "rs-1" }))
      const third = yield* proof({ method: "GET", url: rs })
      assert.isFalse(yield* third.onResponse({ "dpop-nonce": "rs-1" }))
    }))

  it.effect("P8 are signed with a key that cannot be read, printed or exported", () =>
    Effect.gen(function*() {
      const exported: Array<boolean> = []
      const { generateKey } = crypto.subtle
      const subtle = crypto.subtle as { generateKey: unknown }
      subtle.generateKey = (...[algorithm, extractable, usages]: Parameters<typeof generateKey>) => {
        exported.push(extractable)
        return generateKey.call(crypto.subtle, algorithm, extractable, usages)
      }
      const dpop = yield* proofKey().pipe(Effect.ensuring(Effect.sync(() => {
        subtle.generateKey = generateKey
      })))
      assert.deepStrictEqual(exported, [false])
      assert.notMatch(printed(dpop), /"d"|PRIVATE/)
    }))

  it.effect("P9 follow the clock of a server that rejected one, and of no other", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      const now = 1_000_000_000_000
      const { proof } = yield* proofKey()
      const issuedAt = (url: string) =>
        Effect.map(proof({ method: "GET", url }), ({ value }) => Number(decodeJwt(value).iat) - now / 1000)
      const answer = (seconds: number, more: Record<string, string> = {}, isRejected?: boolean) =>
        Effect.flatMap(proof({ method: "GET", url: as }), ({ onResponse }) =>
          onResponse({ date: new Date(now + seconds * 1000).toUTCString(), ...more }, isRejected))
      // The date of a response that accepted the proof is ignored: it may come from a cache.
      assert.isFalse(yield* answer(-3600))
      assert.isFalse(yield* answer(-3600, {}, false))
      assert.isFalse(yield* answer(4, {}, true))
      assert.strictEqual(yield* issuedAt(as), 0)
      assert.isTrue(yield* answer(3600, {}, true))
      assert.deepStrictEqual([yield* issuedAt(as), yield* issuedAt(rs)], [3600, 0])
      assert.isFalse(yield* answer(3604, {}, true))
      assert.strictEqual(yield* issuedAt(as), 3600)
      for (const date of ["nonsense", "Fri, 01 Jan 2100 00:00:00 GMT", "Mon, 01 Jan 1990 00:00:00 GMT", ""]) {
        assert.isFalse(yield* answer(0, { date }, true))
      }
      assert.strictEqual(yield* issuedAt(as), 3600)
      // RFC 9111 section 5.1: a response of two hours ago, when the server's clock was right.
      assert.isTrue(yield* answer(-7200, { age: "7200" }, true))
      assert.strictEqual(yield* issuedAt(as), 0)
      assert.isTrue(yield* answer(-86_000, {}, true))
      assert.strictEqual(yield* issuedAt(as), -86_000)
    }))

  it.effect("share one key for each configuration, generated on first use, interrupted or not", () =>
    Effect.gen(function*() {
      const { dpop } = yield* ClientConfig.make({ ...scenario.options, dpop: true })
      assert(dpop !== undefined)
      const first = yield* Effect.fork(dpop)
      yield* Effect.yieldNow()
      const uses = yield* Effect.fork(Effect.all([dpop, dpop], { concurrency: "unbounded" }))
      yield* Fiber.interrupt(first)
      const [one, other] = yield* Fiber.join(uses)
      assert.strictEqual(one, other)
      assert.strictEqual(one, yield* dpop)
      const { dpop: ofAnother } = yield* ClientConfig.make({ ...scenario.options, dpop: true })
      assert.notStrictEqual((yield* ofAnother ?? dpop).thumbprint, one.thumbprint)
    }))

  it.effect("fail with InvalidConfig, without the cause, when no key can be generated", () =>
    Effect.gen(function*() {
      const generateKey = vi.spyOn(crypto.subtle, "generateKey").mockRejectedValueOnce(new Error("HSM s3cr3t is down"))
      const error = yield* Effect.flip(proofKey({ algorithm: "ES384" }))
      generateKey.mockRestore()
      assert.deepStrictEqual(error.problems.map(({ setting }) => setting), ["dpop.algorithm"])
      assert.notInclude(printed(error), "s3cr3t")
    }))

  it.effect("are not shown by an authorized request, and neither is its token", () =>
    Effect.gen(function*() {
      const authorization = yield* Authorization.make
      const authorized = yield* authorization.authorize(HttpClientRequest.get(rs))
      const { authorization: token, dpop: proof } = authorized.request.headers
      assert.strictEqual(token, "DPoP t0ken-c4n4ry")
      assert(proof !== undefined)
      for (const canary of ["t0ken-c4n4ry", proof]) {
        assert.notInclude(printed(authorized), canary)
      }
    }).pipe(Effect.provide([
      TestTokenCache.layer({ value: "t0ken-c4n4ry" }),
      ClientConfig.layer({ ...scenario.options, dpop: true })
    ])))

  it.effect("show their algorithm and no private part in their header", () =>
    Effect.gen(function*() {
      const { algorithm, proof } = yield* proofKey()
      const { value } = yield* proof({ method: "GET", url: rs })
      assert.deepStrictEqual(Object.keys(decodeProtectedHeader(value).jwk ?? {}).sort(), ["crv", "kty", "x", "y"])
      assert.strictEqual(algorithm, "ES256")
    }))
})

/** A server in memory with a separate clock; `judge` receives the times of each request. */
const served = (options: {
  readonly client?: Partial<ClientConfig.Options>
  readonly ahead?: number
  readonly judge: (request: Seen, server: Served) => Answer
}) =>
  Effect.gen(function*() {
    const server: { seen: Array<Seen>; now: number } = { seen: [], now: 0 }
    const http = HttpClient.make((request) =>
      Effect.gen(function*() {
        server.now = (yield* Clock.currentTimeMillis) + (options.ahead ?? 0)
        const form = new URLSearchParams(
          request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
        )
        const dated = (jwt: string | null | undefined) =>
          typeof jwt === "string" ? (Number(decodeJwt(jwt).iat) * 1000 - server.now) / 1000 : undefined
        const proof = request.headers["dpop"]
        const seen: Seen = {
          path: new URL(request.url).pathname,
          proof: dated(proof),
          nonce: proof === undefined ? undefined : decodeJwt(proof)["nonce"],
          assertion: dated(form.get("client_assertion")),
          method: request.method
        }
        server.seen.push(seen)
        const { body = {}, headers = {}, status } = options.judge(seen, server)
        return HttpClientResponse.fromWeb(
          request,
          new Response(JSON.stringify(body), {
            status,
            headers: { date: new Date(server.now).toUTCString(), ...headers }
          })
        )
      })
    )
    const layer = ClientCredentials.layer({
      tokenUrl: as,
      clientId: "inventory-sync",
      clientSecret: Redacted.make("a secret that is long enough for HS256, and longer"),
      apiBaseUrl: "https://api.example.com",
      tokenCache: { retryTimeout: 0 },
      ...options.client
    }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, http)))
    const context = yield* Layer.build(layer)
    const call = (request = HttpClientRequest.get("/v1/items")) =>
      Effect.flatMap(ApiClient.ApiClient, (api) => api.execute(request)).pipe(
        Effect.map(({ status }) => status),
        Effect.provide(context)
      )
    return { call, server }
  })

interface Seen {
  readonly path: string
  readonly method: string
  /** Seconds by which the date of the proof is ahead of the server's clock. */
  readonly proof: number | undefined
  readonly nonce: unknown
  readonly assertion: number | undefined
}

interface Served {
  readonly seen: ReadonlyArray<Seen>
  readonly now: number
}

interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

const issued: Answer = { status: 200, body: { access_token: "t", token_type: "DPoP", expires_in: 86_400 } }
const isNear = (dated: number | undefined) => dated !== undefined && Math.abs(dated) < 10
const rejectedProof = (status: number): Answer => ({
  status,
  body: { error: "invalid_dpop_proof" },
  headers: { "www-authenticate": "DPoP error=\"invalid_dpop_proof\"" }
})
const hour = 3_600_000

describe("a rejected proof", () => {
  for (const status of [400, 401, 403]) {
    for (const ahead of [hour, -hour]) {
      it.scoped(`costs one more request, not a token: ${status}, clocks apart by ${ahead / hour} h`, () =>
        Effect.gen(function*() {
          yield* TestClock.setTime(1_000_000_000_000)
          const { call, server } = yield* served({
            ahead,
            client: { dpop: true },
            judge: ({ path, proof }) =>
              !isNear(proof) ? rejectedProof(status) : path === "/oauth/token" ? issued : { status: 200 }
          })
          for (let count = 0; count < 3; count++) assert.strictEqual(yield* call(), 200)
          const paths = server.seen.map(({ path }) => path)
          assert.deepStrictEqual(paths, [
            ...["/oauth/token", "/oauth/token", "/v1/items", "/v1/items"],
            ...["/v1/items", "/v1/items"]
          ])
        }))
    }
  }

  it.scoped("is not sent again when the clocks agree, nor a third time, whatever the server returns", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      let count = 0
      for (
        const [headers, requests] of [
          [() => ({}), 1],
          [() => ({ date: "Fri, 01 Jan 2100 00:00:00 GMT" }), 1],
          [() => ({ date: new Date(1_000_000_000_000 + ++count * hour).toUTCString() }), 2],
          [() => ({ "dpop-nonce": `n${++count}` }), 2]
        ] as const
      ) {
        const { call, server } = yield* served({
          client: { dpop: true },
          judge: ({ path }) => {
            const { headers: challenge = {}, ...rejected } = rejectedProof(401)
            return path === "/oauth/token" ? issued : { ...rejected, headers: { ...challenge, ...headers() } }
          }
        })
        assert.strictEqual(yield* call(), 401)
        assert.lengthOf(server.seen, 1 + requests)
      }
    }))

  it.scoped("is not sent again with a body that can be read only once", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      const { call, server } = yield* served({
        ahead: hour,
        client: { dpop: true },
        judge: ({ path, proof }) => path === "/oauth/token" && isNear(proof) ? issued : rejectedProof(401)
      })
      const body = HttpClientRequest.bodyStream(HttpClientRequest.post("/v1/items"), Stream.make(new Uint8Array(1)))
      assert.strictEqual(yield* call(body), 401)
      assert.deepStrictEqual(server.seen.map(({ method }) => method), ["POST", "POST", "POST"])
    }))

  it.scoped("is sent again once for its nonce and once for its date", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      const { call, server } = yield* served({
        ahead: -hour,
        client: { dpop: true },
        judge: ({ nonce, path, proof }) => {
          const headers = {
            "dpop-nonce": `${path}-1`,
            "www-authenticate": "Bearer error=\"invalid_token\", DPoP error=\"use_dpop_nonce\""
          }
          return nonce !== `${path}-1`
            ? { status: path === "/oauth/token" ? 400 : 401, body: { error: "use_dpop_nonce" }, headers }
            : !isNear(proof)
            ? rejectedProof(400)
            : path === "/oauth/token"
            ? issued
            : { status: 200 }
        }
      })
      assert.strictEqual(yield* call(), 200)
      assert.strictEqual(yield* call(), 200)
      assert.strictEqual(server.seen.filter(({ path }) => path === "/oauth/token").length, 3)
      assert.strictEqual(server.seen.filter(({ path }) => path === "/v1/items").length, 4)
    }))

  it.scoped("does not follow the date of a response from a cache", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      const { call, server } = yield* served({
        client: { dpop: true },
        judge: ({ path, proof }, { now }) =>
          path === "/oauth/token" ? issued : isNear(proof)
            ? { status: 200, headers: { date: new Date(now - 2 * hour).toUTCString(), age: "7200" } }
            : rejectedProof(401)
      })
      for (let count = 0; count < 5; count++) assert.strictEqual(yield* call(), 200)
      assert.lengthOf(server.seen, 6)
    }))
})

describe("an assertion", () => {
  const bearer: Answer = { status: 200, body: { access_token: "t", token_type: "Bearer", expires_in: 86_400 } }
  for (const [status, error] of [[401, "invalid_client"], [400, "invalid_client"], [401, "unauthorized"]] as const) {
    it.scoped(`is dated by the clock of the server that rejected one: ${status} ${error}`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(1_000_000_000_000)
        const { call, server } = yield* served({
          ahead: hour,
          client: { clientAuthentication: "client_secret_jwt" },
          judge: ({ assertion, path }) =>
            path !== "/oauth/token" ? { status: 200 } : isNear(assertion) ? bearer : { status, body: { error } }
        })
        assert.strictEqual(yield* call(), 200)
        assert.lengthOf(server.seen, 3)
        yield* TestClock.adjust("2 days")
        assert.strictEqual(yield* call(), 200)
        assert.isTrue(server.seen.slice(3).every(({ assertion, path }) => path !== "/oauth/token" || isNear(assertion)))
      }))
  }

  it.scoped("that is rejected for another reason is sent once; a secret is sent once too", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      for (
        const [ahead, clientAuthentication] of [
          [0, "client_secret_jwt"],
          [hour, "client_secret_post"]
        ] as const
      ) {
        const { call, server } = yield* served({
          ahead,
          client: { clientAuthentication },
          judge: () => ({ status: 401, body: { error: "invalid_client" } })
        })
        const error = yield* Effect.flip(call())
        assert.strictEqual(error._tag, "TokenErrorResponse")
        assert.lengthOf(server.seen, 1)
      }
    }))

  it.scoped("follows the clock that was learned from a rejected proof", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_000_000_000_000)
      const { call, server } = yield* served({
        ahead: hour,
        client: { clientAuthentication: "client_secret_jwt", dpop: true },
        judge: ({ assertion, path, proof }) =>
          !isNear(proof)
            ? rejectedProof(400)
            : path !== "/oauth/token"
            ? { status: 200 }
            : isNear(assertion)
            ? issued
            : { status: 401, body: { error: "invalid_client" } }
      })
      assert.strictEqual(yield* call(), 200)
      assert.strictEqual(server.seen.filter(({ path }) => path === "/oauth/token").length, 2)
    }))
})
