/**
 * Parsers of external input: they never throw, their results are valid, and no error repeats the input.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { FileSystem, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import {
  Challenge,
  ClientConfig,
  OAuthError,
  ProtectedResource,
  ServerMetadata,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import { VirtualClock } from "@effect-oauth/testing"
import type { Clock } from "effect"
import { ConfigProvider, Duration, Effect, Either, FastCheck as fc, Layer, Option, Redacted } from "effect"
import { exportJWK, exportPKCS8, generateKeyPair } from "jose"

import * as coolDown from "../src/internal/fleet/coolDown.js"
import * as record from "../src/internal/fleet/record.js"
import * as storedLedger from "../src/internal/fleet/storedLedger.js"
import * as tokenRequest from "../src/internal/http/tokenRequest.js"
import * as tokenResponse from "../src/internal/http/tokenResponse.js"
import * as backOff from "../src/internal/process/backOff.js"
import { importedKey } from "../src/internal/protocol/importedKey.js"
import * as issuerQuota from "../src/internal/protocol/issuerQuota.js"
import * as json from "../src/internal/protocol/json.js"
import * as jws from "../src/internal/protocol/jws.js"
import * as metadata from "../src/internal/protocol/metadata.js"
import * as privateKey from "../src/internal/protocol/privateKey.js"
import * as redaction from "../src/internal/protocol/redaction.js"
import { retryAfter } from "../src/internal/protocol/retryAfter.js"
import { algorithms } from "../src/internal/protocol/signingAlgorithm.js"
import { secureUrl } from "../src/internal/protocol/urls.js"
import * as budgets from "../src/internal/token/ledger.js"
import type { Entry } from "../src/TokenStore/contract.js"
import { canary, fuzz } from "./support/fuzz.js"
import { printed } from "./support/printed.js"
import { sealKey } from "./support/sealKey.js"

const now = 1_767_225_600_000
const maxMoment = 8.64e15

/** Asserts that a message is short and does not contain the input; checks a sample for all printed forms. */
let shown = 0
const isFit = (error: Error) => {
  assert.isBelow(error.message.length, 2500)
  assert.notMatch(error.message.replaceAll("\n", " "), /[\p{C}\p{Zl}\p{Zp}]/u)
  shown += 1
  const text = shown % 50 === 0 ? printed(error) : error.message + JSON.stringify(error) + String(error)
  assert.notInclude(text, canary)
}

const isMoment = (at: number) => assert.isTrue(Number.isFinite(at) && Math.abs(at) <= maxMoment, String(at))

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/

fuzz("challenge", {
  property: (input) => {
    const challenges = Challenge.parse(input)
    // Checking takes longer than parsing.
    if (input.length > 100_000) return
    for (const { parameters, scheme, token68 } of challenges) {
      assert.match(scheme, token)
      for (const name of Object.keys(parameters)) assert.match(name, token)
      if (token68 !== undefined) assert.match(token68, /^[A-Za-z0-9\-._~+/]+=*$/)
    }
    const printedAgain = challenges.map(({ parameters, scheme, token68 }) => {
      const pairs = Object.entries(parameters).map(([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`)
      return token68 === undefined ? `${scheme} ${pairs.join(", ")}` : [`${scheme} ${token68}`, ...pairs].join(", ")
    }).join(", ")
    assert.strictEqual(JSON.stringify(Challenge.parse(printedAgain)), JSON.stringify(challenges))
    const meaning = Challenge.meaning(challenges)
    if (meaning._tag === "InsufficientScope") {
      for (const name of meaning.scope) assert.match(name, /^[\x21\x23-\x5b\x5d-\x7e]+$/)
      const error = new OAuthError.InsufficientScope({ endpoint: "https://api.example.com", scope: meaning.scope })
      assert.isString(error.message)
    }
  },
  dictionary: [
    "Bearer",
    "DPoP",
    "Basic",
    "error=",
    "insufficient_scope",
    "scope=\"",
    "use_dpop_nonce",
    "realm=",
    "\\\""
  ],
  long: [
    "\"",
    "\\\"",
    "\\",
    ",",
    "a=",
    "a=\"\\",
    "Bearer ",
    "=",
    "a b,",
    " ",
    "a",
    "a=\"b\",",
    "\"\\\",",
    "==",
    "a= ",
    ...["a", "\\\"", "\\", ",", " ", "a=\""].flatMap((piece) =>
      [["\"", piece], ["Bearer a=\"", piece], ["Bearer ", piece]] as const
    )
  ]
})

const received = (input: string) => {
  const [top = "", ...rest] = input.split("\n\n")
  const [status, ...lines] = top.split("\n")
  const code = Math.trunc(Number(status))
  return {
    endpoint: "https://auth.example.com/oauth/token",
    status: code >= 100 && code <= 999 ? code : 200,
    headers: Object.fromEntries(lines.map((line) => [line.split(":")[0] ?? "", line.slice(line.indexOf(":") + 1)])),
    body: rest.join("\n\n"),
    requestedAt: now,
    receivedAt: now + 2000
  }
}

const maxLife = 30 * 86_400_000

fuzz("tokenResponse", {
  property: (input) => {
    for (const type of ["Bearer", "DPoP"] as const) {
      const result = tokenResponse.decode(received(input), {
        defaultLife: 3_600_000,
        maxLife,
        redaction: redaction.make([canary]),
        tokenType: "verify",
        type,
        requiredScope: [],
        hint: undefined
      })
      if (Either.isLeft(result)) {
        assert.isTrue(OAuthError.isOAuthError(result.left))
        isFit(result.left)
        assert.isBoolean(result.left.retryable)
        continue
      }
      const { expiresAt, requestedAt, scope, value } = result.right.token
      assert.match(Redacted.value(value), /^[\x21-\x7e]+$/)
      assert.isTrue(Number.isFinite(expiresAt) && expiresAt >= requestedAt && expiresAt <= requestedAt + maxLife)
      for (const name of scope ?? []) assert.notMatch(name, /^$| /)
      const text = Redacted.value(value)
      if (text.length > 20 && !input.slice(input.indexOf(text) + 1).includes(text)) {
        assert.notInclude(printed(result.right), text)
      }
    }
  },
  dictionary: [
    ...[
      "access_token",
      "token_type",
      "Bearer",
      "DPoP",
      "expires_in",
      "scope",
      "error",
      "error_description",
      "location: "
    ],
    ...["retry-after: ", "content-type: ", "\n", "\n\n", "302", "401", "403", "429", "500", "200", "https://"]
  ],
  arbitrary: fc.tuple(
    fc.constantFrom("200", "400", "401", "503"),
    fc.record({
      access_token: fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.jsonValue()),
      token_type: fc.oneof(fc.constantFrom("Bearer", "DPoP"), fc.jsonValue()),
      expires_in: fc.oneof(fc.double(), fc.string(), fc.jsonValue()),
      scope: fc.oneof(fc.string(), fc.jsonValue()),
      error: fc.oneof(fc.string(), fc.jsonValue()),
      error_description: fc.oneof(fc.string({ unit: "binary" }), fc.constant(`a ${canary} b`))
    }, { requiredKeys: [] })
  ).map(([status, members]) => `${status}\n\n${JSON.stringify(members)}`),
  long: [
    ["200\n\n", "["],
    ["401\n\n", "{\"error\":"],
    ["400\n\n{\"error\":\"", canary],
    ["400\n\n{\"error\":\"", "a"],
    ["200\nretry-after:", "9"],
    ["200\nlocation:https://", "a"],
    ["302\nlocation:https://", "a."],
    ["200\n", "a:b\n"],
    ["200\ncontent-type:", " "],
    ["200\n\n{\"access_token\":\"", "a"],
    ["200\n\n{\"expires_in\":\"", "1"]
  ]
})

const issuer = "https://auth.example.com"

fuzz("metadata", {
  property: (input) => {
    const result = metadata.decode(issuer, input, false)
    if (result._tag === "Failure") {
      const error = new OAuthError.DiscoveryFailed({ issuer, problem: result.error, retryable: false })
      // The error names the issuer of the document and nothing else of it.
      if (!metadata.isDefinite(input)) return isFit(error)
      assert.match(error.message, /^[\x20-\x7e]{1,700}$/)
      return
    }
    const { authenticationMethods, dpopAlgorithms, mutualTls, revocationEndpoint, tokenEndpoint } = result.value
    assert.strictEqual(result.value.issuer, issuer)
    for (const url of [tokenEndpoint, revocationEndpoint, mutualTls.tokenEndpoint, mutualTls.revocationEndpoint]) {
      if (url !== undefined) assert.strictEqual(secureUrl(url, false)?.href, url)
    }
    for (const names of [authenticationMethods, dpopAlgorithms]) {
      for (const name of names ?? []) assert.match(name, /^[\x21-\x7e]{1,100}$/)
      assert.isAtMost(names?.length ?? 0, 100)
    }
  },
  dictionary: [
    "issuer",
    issuer,
    "token_endpoint",
    "https://",
    "http://",
    "revocation_endpoint",
    "mtls_endpoint_aliases"
  ],
  arbitrary: fc.record({
    issuer: fc.oneof(fc.constant(issuer), fc.jsonValue()),
    token_endpoint: fc.oneof(fc.webUrl(), fc.jsonValue()),
    revocation_endpoint: fc.oneof(fc.webUrl(), fc.jsonValue()),
    mtls_endpoint_aliases: fc.oneof(fc.record({ token_endpoint: fc.jsonValue() }), fc.jsonValue()),
    token_endpoint_auth_methods_supported: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
    dpop_signing_alg_values_supported: fc.oneof(fc.array(fc.string({ unit: "binary" })), fc.jsonValue())
  }, { requiredKeys: [] }).map((document) => JSON.stringify(document))
})

/** Returns an `HttpClient` that responds to every request with this body. */
const saying = (body: string) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(body))))
  )

const clientConfig = ClientConfig.layer({
  issuer,
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
})

fuzz("protectedResource", {
  property: async (input) => {
    const resource = "https://api.example.com/v1"
    const found = await Effect.runPromise(Effect.either(
      ProtectedResource.discover({ resource, allowedIssuers: [issuer] }).pipe(Effect.provide(saying(input)))
    ))
    if (Either.isLeft(found)) isFit(found.left)
    else assert.deepStrictEqual(found.right, { issuer, resource })
    const known = await Effect.runPromise(
      ServerMetadata.make().pipe(
        Effect.flatMap(({ get }) => get),
        Effect.either,
        Effect.provide([saying(input), clientConfig])
      )
    )
    if (Either.isLeft(known)) isFit(known.left)
  },
  share: 0.1,
  dictionary: ["resource", "https://api.example.com/v1", "authorization_servers", issuer],
  arbitrary: fc.record({
    resource: fc.oneof(fc.constant("https://api.example.com/v1"), fc.jsonValue()),
    authorization_servers: fc.oneof(fc.array(fc.oneof(fc.constant(issuer), fc.jsonValue())), fc.jsonValue())
  }).map((document) => JSON.stringify(document))
})

fuzz("issuerQuota", {
  property: (input) => {
    const quotas = issuerQuota.parse(
      { "auth0-client-quota-limit": input, "auth0-organization-quota-limit": input },
      now
    )
    for (const { limit, name, remaining, resetsAt } of quotas) {
      assert.isTrue(Number.isSafeInteger(limit) && limit >= 0)
      assert.isTrue(Number.isSafeInteger(remaining) && remaining >= 0)
      assert.isTrue(resetsAt >= now && resetsAt <= now + 32 * 86_400_000)
      assert.isBelow(name.length, 100)
    }
    assert.isAtMost(quotas.length, 20)
  },
  dictionary: ["b=", "q=", "r=", "t=", "per_hour", "per_day", "999999999"],
  arbitrary: fc.array(fc.tuple(fc.string(), fc.nat(), fc.nat(), fc.nat())).map((buckets) =>
    buckets.map(([name, limit, remaining, seconds]) => `b=${name};q=${limit};r=${remaining};t=${seconds}`).join(",")
  )
})

fuzz("retryAfter", {
  property: (input) => {
    const millis = retryAfter({ "retry-after": input, date: input, age: input }, now) ?? 0
    assert.isTrue(millis >= 0 && millis <= 86_400_000)
  },
  dictionary: ["GMT", "Thu, ", "Jan", "2026", "00:00:20", "+0000", "Z", "T"],
  arbitrary: fc.date().map((date) => date.toUTCString())
})

const place = "a place"
const plaintext = "what was sealed"
const seal = Effect.runSync(
  Effect.cached(TokenSeal.make([sealKey(1), sealKey(2)]))
)
const sealed = (at: string) => Effect.runPromise(Effect.flatMap(seal, (one) => one.seal(at, plaintext)))

fuzz("tokenSeal", {
  property: async (input) => {
    const opened = await Effect.runPromise(Effect.flatMap(seal, ({ open }) => open(place, input)))
    // Only a sealed value opens, in its single spelling.
    if (Option.isSome(opened)) {
      assert.strictEqual(opened.value, plaintext)
      assert.match(input, /^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/)
    }
    const elsewhere = await Effect.runPromise(Effect.flatMap(seal, ({ open }) => open(`${place} `, input)))
    assert.isTrue(Option.isNone(elsewhere))
  },
  made: async () => [await sealed(place), await sealed(place), await sealed("another")].slice(0, 2),
  dictionary: ["v1.", "v2.", ".", "=", "-", "_"],
  long: ["a", ".", ["v1.", "a"], ["v1.0123456789abcdef.AAAAAAAAAAAAAAAA.", "a"], "é", "-"]
})

const at = (millis: number): Clock.Clock => {
  const time = VirtualClock.make()
  time.setWall(millis)
  return time.clock
}

const isEntry = ({ expiresAt, generation, value }: Entry) => {
  assert.isString(value)
  assert.isTrue(Number.isSafeInteger(generation) && generation > 0, `generation ${generation}`)
  isMoment(expiresAt)
}

/** Asserts that with any content of the store, the next token can be stored and loaded. */
const holdsNext = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    const { entry: found } = yield* store.load("k")
    if (Option.isSome(found)) isEntry(found.value)
    const generation = Option.isSome(found) ? found.value.generation : 0
    // With a billion replacements a year, reaching it would take millions of years.
    if (generation === Number.MAX_SAFE_INTEGER) return
    assert.isTrue((yield* store.swap("k", generation, { value: "next", expiresAt: now })).done)
    const next = Option.getOrThrow((yield* store.load("k")).entry)
    isEntry(next)
    assert.strictEqual(next.value, "next")
    assert.isFalse((yield* store.swap("k", generation, { value: "late", expiresAt: now })).done)
  })

/** Asserts that with any content of the store, a lease can be taken after an hour, and released. */
const leasesNext = (store: TokenStore.TokenStore) =>
  Effect.gen(function*() {
    const life = Duration.seconds(30)
    const hour = at(now + 3_600_000)
    yield* Effect.withClock(store.acquire("k", "first", life), at(now))
    yield* store.release("k", "first")
    assert.isTrue((yield* Effect.withClock(store.acquire("k", "second", life), hour)).done, "a lease in an hour")
    assert.isFalse((yield* Effect.withClock(store.acquire("k", "third", life), hour)).done)
    yield* store.release("k", "second")
    assert.isTrue((yield* Effect.withClock(store.acquire("k", "third", life), hour)).done)
  })

const filed =
  (name: string, use: (store: TokenStore.TokenStore) => Effect.Effect<void, OAuthError.TokenStoreError>) =>
  async (input: string) => {
    const directory = mkdtempSync(join(tmpdir(), "fuzz-"))
    try {
      mkdirSync(join(directory, "k"))
      writeFileSync(join(directory, "k", name), input)
      await Effect.runPromise(
        Effect.flatMap(TokenStore.TokenStore, use).pipe(
          Effect.provide(Layer.provide(TokenStore.layerFiles(directory), NodeContext.layer))
        )
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

const entryWords = ["value", "generation", "expiresAt", "owner", "until", "life"]
const entries = fc.record({ value: fc.jsonValue(), generation: fc.integer(), expiresAt: fc.double() }).map((entry) =>
  JSON.stringify(entry)
)
const leases = fc.record({ owner: fc.string(), until: fc.oneof(fc.double(), fc.integer({ min: now, max: 2 * now })) })
  .map(
    (lease) => JSON.stringify(lease)
  )

fuzz("storedEntry", { property: filed("token-3", holdsNext), dictionary: entryWords, arbitrary: entries, share: 0.03 })
fuzz("storedLease", { property: filed("lease-3", leasesNext), dictionary: entryWords, arbitrary: leases, share: 0.03 })

/** Asserts that a ledger that was written is read back unchanged. */
const isKept = (ledger: budgets.Ledger) => {
  const stored = { id: "i", writer: "w", ledger }
  assert.deepStrictEqual(storedLedger.decode(storedLedger.encode(stored, 1)), stored)
}

fuzz("ledger", {
  property: (input) => {
    const stored = storedLedger.decode(input)?.ledger ?? budgets.empty
    isKept(stored)
    for (
      const window of [
        { _tag: "Sliding", millis: 86_400_000 },
        { _tag: "Calendar", unit: "day", timeZone: "Europe/Amsterdam" },
        { _tag: "Calendar", unit: "month", timeZone: "Europe/Amsterdam" }
      ] as const
    ) {
      const budget: budgets.Budget = { limits: [{ limit: 3, window }], reserveFraction: 0.2 }
      const ledger = budgets.current(budget, stored, now)
      isKept(ledger)
      for (const [isRenewal, organization] of [[false, ""], [true, ""], [false, "north"], [true, "north"]] as const) {
        const recipient = { client: "", organization }
        const verdict = budgets.spend(budget, ledger, now, isRenewal, recipient)
        if (verdict._tag === "Granted") {
          assert.isTrue(Number.isSafeInteger(verdict.left) && verdict.left >= 0)
          for (const _tag of ["Spent", "Unanswered", "GivenBack"] as const) {
            isKept(budgets.apply(ledger, { _tag, spend: verdict.spend }))
          }
          continue
        }
        isMoment(verdict.resetsAt)
        const { by, limit, reserved, resetsAt } = verdict
        isFit(new OAuthError.IssuanceBudgetExhausted({ by, limit, reserved, resetsAt, retryAfter: Duration.zero }))
      }
    }
    const north = { client: "", organization: "north" }
    for (const header of ["auth0-client-quota-limit", "auth0-organization-quota-limit"]) {
      isKept(budgets.apply(stored, budgets.announced(issuerQuota.parse({ [header]: input }, now), now, north)))
    }
  },
  dictionary: [
    "id",
    "writer",
    "spent",
    "details",
    "recipients",
    "north",
    "quotas",
    "name",
    "client",
    "organization",
    "limit",
    "remaining",
    "resetsAt",
    "announcedAt",
    String(now)
  ],
  arbitrary: fc.record({
    id: fc.string(),
    writer: fc.string(),
    spent: fc.tuple(
      fc.integer({ min: now - 1e8, max: now + 1e8 }),
      fc.array(fc.oneof(
        fc.double(),
        fc.integer({ min: -1, max: 1e8 })
      ))
    ).map(([first, more]) => [first, ...more]),
    details: fc.array(fc.integer({ min: -1, max: 8 })),
    recipients: fc.array(fc.tuple(fc.string(), fc.constantFrom("", "north")), { minLength: 1, maxLength: 3 }),
    quotas: fc.array(fc.record({
      name: fc.string(),
      client: fc.constantFrom("", "one"),
      organization: fc.option(fc.constantFrom("", "north"), { nil: undefined }),
      limit: fc.integer(),
      remaining: fc.integer(),
      resetsAt: fc.oneof(fc.double(), fc.integer({ min: now - 1e8, max: now + 1e8 })),
      announcedAt: fc.oneof(fc.double(), fc.integer({ min: now - 1e8, max: now + 1e8 }))
    }))
  }).map((ledger) => JSON.stringify(ledger))
})

fuzz("coolDown", {
  property: (input) => {
    const found = Option.flatMapNullable(record.decode(`{"coolDown":${input}}`), (record) => record.coolDown)
    if (Option.isNone(found)) return
    isMoment(found.value.until)
    const failure = coolDown.failureAt(found.value, now, -Infinity)
    if (failure !== undefined) {
      assert.isString(failure.message)
      if ("retryAfter" in failure && failure.retryAfter !== undefined) {
        assert.isTrue(Duration.toMillis(failure.retryAfter) >= 0)
      }
    }
    const pauseAfter = backOff.afterFailures(backOff.defaultOptions)
    const next = Effect.runSync(coolDown.after(found.value.error, found.value, now, pauseAfter))
    assert(next !== undefined)
    assert.isTrue(next.until >= now && next.until <= now + 3_600_000)
    const written = record.encode({ ...record.empty, coolDown: next })
    assert.strictEqual(Option.getOrThrow(record.decode(written)).coolDown?.until, next.until)
  },
  dictionary: ["_tag", "TokenErrorResponse", "InvalidTokenResponse", "TokenEndpointUnavailable", "retryAfter", "millis"]
})

fuzz("storedToken", {
  property: (input) => {
    const found = Option.flatMapNullable(record.decode(`{"token":${input}}`), (record) => record.token)
    if (Option.isNone(found)) return
    const token = found.value
    assert.match(Redacted.value(token.value), /^[\x21-\x7e]+$/)
    isMoment(token.requestedAt)
    isMoment(token.expiresAt)
    if (Redacted.value(token.value) === canary) assert.notInclude(printed({ ...token, scope: undefined }), canary)
    const written = record.encode({ ...record.empty, token })
    assert.strictEqual(record.encode(Option.getOrThrow(record.decode(written))), written)
  },
  dictionary: ["value", "type", "Bearer", "DPoP", "scope", "requestedAt", "expiresAt"]
})

fuzz("secureUrl", {
  property: (input) => {
    for (const loopback of [false, true]) {
      const url = secureUrl(input, loopback)
      if (url === undefined) continue
      assert.isTrue(url.protocol === "https:" || (loopback && url.protocol === "http:"))
      if (url.protocol === "http:") assert.match(url.hostname, /^(localhost|\[::1\]|127\.\d+\.\d+\.\d+)$/)
      assert.strictEqual(url.username + url.password + url.hash, "")
      assert.notMatch(input, /[\x00-\x20\x7f\\]/)
      assert.strictEqual(secureUrl(url.href, loopback)?.href, url.href)
    }
  },
  dictionary: [
    "https://",
    "http://",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "user@",
    ":443",
    "client_secret=",
    "access_token="
  ],
  arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true })
})

const necessary = {
  OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
  OAUTH_CLIENT_ID: "inventory-sync",
  OAUTH_CLIENT_SECRET: "s3cr3t",
  API_BASE_URL: "https://api.example.com"
}

const variables = [
  ...[
    "OAUTH_PARAMETERS",
    "OAUTH_AUTHORIZATION_DETAILS",
    "OAUTH_SCOPE",
    "OAUTH_RESOURCE",
    "OAUTH_AUDIENCE",
    "API_ORIGINS"
  ],
  ...["API_BASE_URL", "OAUTH_TOKEN_URL", "OAUTH_ISSUER", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_DPOP"],
  ...["OAUTH_CLIENT_AUTHENTICATION", "OAUTH_BASIC_ENCODING", "OAUTH_REQUEST_FORMAT", "OAUTH_REVOCATION_URL"]
]

fuzz("environment", {
  property: async (input) => {
    const variable = input.slice(0, Math.max(0, input.indexOf("=")))
    const environment = { ...necessary, [variable]: input.slice(variable.length + 1) }
    const result = await Effect.runPromise(
      Effect.either(Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv())).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))),
        Effect.provide(FileSystem.layerNoop({}))
      )
    )
    if (Either.isLeft(result)) {
      assert.notInclude(printed(result.left), canary)
      assert.match(String(result.left), /Expected [A-Z_]+ to be /)
      return
    }
    const { api, request } = result.right
    for (const origin of api.origins) assert.match(origin, /^https:\/\/[^/@?#\\]+$|^http:\/\/(localhost|\[::1\]|127\.)/)
    for (const name of request.scope.split(" ")) assert.match(name, /^[\x21\x23-\x5b\x5d-\x7e]*$/)
    assert.strictEqual([...new Set(request.scope.split(" "))].sort().join(" "), request.scope)
    for (const name of new URLSearchParams(request.parameters).keys()) {
      assert.notInclude(["", "client_id", "client_secret", "grant_type", "scope", "resource", "audience"], name)
    }
    for (const format of ["form", "json"] as const) {
      const { body } = tokenRequest.encode(
        "https://auth.example.com/oauth/token",
        { ...request, requestFormat: format, endpoint: request.endpoint } as typeof request,
        {}
      )
      assert(body._tag === "Uint8Array")
      const text = new TextDecoder().decode(body.body)
      const grants = format === "json"
        ? [(JSON.parse(text) as { readonly grant_type: unknown }).grant_type]
        : new URLSearchParams(text).getAll("grant_type")
      assert.deepStrictEqual(grants, ["client_credentials"])
    }
  },
  share: 0.25,
  dictionary: [...variables.map((name) => `${name}=`), "type", "https://", "client_id=", "&", "="],
  arbitrary: fc.tuple(
    fc.constantFrom(...variables),
    fc.oneof(fc.string(), fc.json(), fc.webUrl(), fc.webQueryParameters())
  ).map(
    ([name, value]) => `${name}=${value}`
  ),
  long: [
    ["OAUTH_PARAMETERS=", "a"],
    ["OAUTH_PARAMETERS=", "a&"],
    ["OAUTH_SCOPE=", "a "],
    ["OAUTH_RESOURCE=", "a: "],
    ["API_ORIGINS=", "https://a "],
    ["API_BASE_URL=https://a", "/"],
    ["OAUTH_TOKEN_URL=https://a/", "a/../"],
    ["OAUTH_AUTHORIZATION_DETAILS=", "["],
    ["OAUTH_AUTHORIZATION_DETAILS=", "[{\"type\":"]
  ]
})

fuzz("privateKey", {
  property: async (input) => {
    const found = privateKey.read(input)
    const isFitProblem = (problem: string) =>
      isFit(new OAuthError.CredentialUnavailable({ credential: "private key", problem }))
    if (!privateKey.isUsable(found)) return isFitProblem(`it is ${found.found}`)
    const [algorithm = "none"] = algorithms[found.type]
    const key = await importedKey(found, algorithm)
    if (key._tag === "Failure") return isFitProblem(key.error)
    // Only the signature may detect numbers that do not belong together, as `internal/http/signing` expects.
    const signature = await jws.sign(key.value, algorithm, new TextEncoder().encode("data")).catch(() => undefined)
    if (signature === undefined) return isFitProblem(`it cannot sign with ${algorithm}`)
    assert.isUndefined(jws.signatureProblem(algorithm, signature, undefined))
  },
  made: async () => {
    const texts: Array<string> = []
    for (const algorithm of ["ES256", "EdDSA", "RS256"]) {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
      texts.push(await exportPKCS8(privateKey), JSON.stringify({ ...await exportJWK(privateKey), kid: canary }))
    }
    return texts
  },
  share: 0.1,
  dictionary: [
    ...[
      "-----BEGIN PRIVATE KEY-----",
      "-----END PRIVATE KEY-----",
      "-----BEGIN EC PRIVATE KEY-----",
      "kty",
      "EC",
      "RSA"
    ],
    ...[
      "OKP",
      "oct",
      "crv",
      "P-256",
      "Ed25519",
      "alg",
      "ES256",
      "RS256",
      "HS256",
      "none",
      "\"d\":",
      "kid",
      "key_ops",
      "ext"
    ]
  ],
  arbitrary: fc.record({
    kty: fc.oneof(fc.constantFrom("EC", "RSA", "OKP", "oct"), fc.jsonValue()),
    crv: fc.oneof(fc.constantFrom("P-256", "Ed25519", "toString"), fc.jsonValue()),
    alg: fc.oneof(fc.constantFrom("ES256", "RS256", "EdDSA", "none", canary), fc.jsonValue()),
    d: fc.oneof(fc.base64String(), fc.jsonValue()),
    k: fc.oneof(fc.base64String(), fc.jsonValue()),
    kid: fc.jsonValue()
  }, { requiredKeys: ["d"] }).map((jwk) => JSON.stringify(jwk))
})

fuzz("json", {
  property: (input) => {
    const value = json.readJson(input)
    // The result has only own properties: none is inherited from the input.
    if (json.isRecord(value)) assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
    if (value === undefined) assert.throws(() => JSON.parse(input) as unknown)
  }
})
