/**
 * Everything that `doctor` recognizes, brought about for real.
 */
import { chmodSync, writeFileSync } from "node:fs"
import type * as Http from "node:http"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { exportJWK, exportPKCS8, generateKeyPair } from "jose"
import { generate } from "selfsigned"

import * as certificates from "../../client-credentials/test/support/certificates.js"
import * as binary from "./support/binary.js"
import * as servers from "./support/tlsServers.js"

interface Finding {
  readonly step: string
  readonly verdict: string
  readonly code: string
  readonly message: string
  readonly remedy?: string
  readonly fix?: { readonly set: Readonly<Record<string, string>>; readonly unset: ReadonlyArray<string> }
}

const start = Effect.gen(function*() {
  const user = yield* binary.home
  const file = (name: string, text: string, mode = 0o600) => {
    const path = join(user.directory, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }
  const doctor = (env: Readonly<Record<string, string | undefined>>, ...args: ReadonlyArray<string>) =>
    Effect.map(user.run(["doctor", "--json", ...args], { env }), ({ exitCode, stderr, stdout }) => {
      assert.strictEqual(stderr, "")
      const findings = JSON.parse(stdout) as ReadonlyArray<Finding>
      return { exitCode, findings, wrong: findings.filter(({ verdict }) => verdict === "wrong") }
    })
  return { doctor, file, user }
})

const sick = Effect.gen(function*() {
  const { doctor, file, user } = yield* start
  const client = { OAUTH_CLIENT_ID: "a", OAUTH_CLIENT_SECRET: servers.secret, API_BASE_URL: "https://127.0.0.1:1" }
  /** The one thing that is wrong. */
  const wrong = (env: Readonly<Record<string, string | undefined>>, ...args: ReadonlyArray<string>) =>
    Effect.map(doctor({ ...client, ...env }, ...args), ({ exitCode, wrong: [first, ...more] }) => {
      assert.strictEqual(exitCode, 21)
      assert.isEmpty(more)
      assert.isDefined(first)
      return first as Finding
    })
  return { client, file, user, wrong }
})

const minute = 300_000

describe("doctor, on the way to the server", () => {
  it.scopedLive("recognizes a host that does not exist", () =>
    Effect.gen(function*() {
      const { wrong } = yield* sick
      const found = yield* wrong({ OAUTH_TOKEN_URL: "https://auth.no-such-host.invalid/token" })
      assert.strictEqual(found.step, "name")
      assert.match(found.message, /no-such-host.invalid/)
      assert.match(found.remedy ?? "", /OAUTH_TOKEN_URL|DNS/)
    }), minute)

  it.scopedLive("recognizes a port where no process listens", () =>
    Effect.gen(function*() {
      const { wrong } = yield* sick
      const found = yield* wrong({
        OAUTH_TOKEN_URL: `${yield* servers.closed}/token`,
        OAUTH_ALLOW_HTTP_LOOPBACK: "true"
      })
      assert.strictEqual(found.step, "connection")
      assert.match(found.message, /refuses connections/)
    }), minute)

  const ip = { extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }] } as never
  const year = 365 * 86_400_000
  const cases: ReadonlyArray<
    readonly [
      name: string,
      make: (ca: certificates.Pems) => Effect.Effect<certificates.Pems>,
      trusts: boolean,
      message: RegExp
    ]
  > = [
    [
      "signed by itself",
      () => Effect.promise(() => generate([{ name: "commonName", value: "127.0.0.1" }], ip)),
      false,
      /signed by itself/
    ],
    [
      "from an authority that is not trusted",
      (ca) => certificates.server(ca),
      false,
      /not trusted here \(The authority\)/
    ],
    [
      "that has expired",
      (ca) =>
        certificates.server(ca, "127.0.0.1", {
          notBeforeDate: new Date(Date.now() - year),
          notAfterDate: new Date(Date.now() - 86_400_000)
        }),
      true,
      /has expired/
    ],
    [
      "that is not valid yet",
      (ca) =>
        certificates.server(ca, "127.0.0.1", {
          notBeforeDate: new Date(Date.now() + 86_400_000),
          notAfterDate: new Date(Date.now() + year)
        }),
      true,
      /is valid from .* on only/
    ],
    [
      "signed by itself and for another name",
      () => Effect.promise(() => generate([{ name: "commonName", value: "other.example" }])),
      false,
      /signed by itself \(other\.example\); .*is for other\.example, not for 127\.0\.0\.1$/
    ],
    [
      "from an authority that is not trusted, and for another name",
      (ca) => certificates.server(ca, "127.0.0.9"),
      false,
      /not trusted here \(The authority\); .*is for 127\.0\.0\.9, not for 127\.0\.0\.1$/
    ],
    [
      "signed by itself, expired and for another name",
      () =>
        Effect.promise(() =>
          generate([{ name: "commonName", value: "other.example" }], {
            notBeforeDate: new Date(Date.now() - year),
            notAfterDate: new Date(Date.now() - 86_400_000)
          })
        ),
      false,
      /has expired.*; .*signed by itself \(other\.example\); .*is for other\.example, not for 127\.0\.0\.1$/
    ],
    ["for another name", (ca) => certificates.server(ca, "127.0.0.9"), true, /is for 127.0.0.9, not for 127.0.0.1/]
  ]
  for (const [name, make, trusts, message] of cases) {
    it.scopedLive(`recognizes a certificate ${name}`, () =>
      Effect.gen(function*() {
        const { file, wrong } = yield* sick
        const ca = yield* certificates.authority("The authority")
        const origin = yield* servers.https(yield* make(ca), (_, response) => response.end())
        const found = yield* wrong({
          OAUTH_TOKEN_URL: `${origin}/token`,
          OAUTH_TLS_CA_FILE: trusts ? file("ca.pem", ca.cert) : undefined
        })
        assert.strictEqual(found.step, "certificate")
        assert.match(found.message, message)
        assert.isNotEmpty(found.remedy)
      }), minute)
  }

  for (const variable of ["OAUTH_TLS_CA_FILE", "OAUTH_TLS_EXTRA_CA_FILE"]) {
    it.scopedLive(
      `recognizes a certificate that ends soon, which is only a warning, by ${variable}`,
      () =>
        Effect.gen(function*() {
          const { client } = yield* sick
          const { doctor, file } = yield* start
          const ca = yield* certificates.authority("The authority")
          const pems = yield* certificates.server(ca, "127.0.0.1", {
            notBeforeDate: new Date(Date.now() - year),
            notAfterDate: new Date(Date.now() + 2.5 * 86_400_000)
          })
          const origin = yield* servers.https(pems, (_, response) => response.writeHead(400).end("{}"))
          const { findings } = yield* doctor({
            ...client,
            OAUTH_TOKEN_URL: `${origin}/token`,
            [variable]: file("ca.pem", ca.cert)
          })
          const found = findings.find(({ step }) => step === "certificate")
          assert.strictEqual(found?.verdict, "warning")
          assert.match(found?.message ?? "", /ends in 2 d/)
        }),
      minute
    )
  }

  it.scopedLive("recognizes a port that does not speak TLS", () =>
    Effect.gen(function*() {
      const { wrong } = yield* sick
      const origin = yield* servers.http((_, response) => response.end())
      const found = yield* wrong({ OAUTH_TOKEN_URL: `${origin.replace("http:", "https:")}/token` })
      assert.strictEqual(found.step, "certificate")
      assert.match(found.message, /responds by HTTP without TLS/)
    }), minute)
})

/** An authorization server that answers as the test defines, with its own clock. */
const scripted = (answer: Http.RequestListener, aheadBy = 0) =>
  servers.http((request, response) => {
    response.setHeader("date", new Date(Date.now() + aheadBy).toUTCString())
    answer(request, response)
  })

const token = (more: object = {}): Http.RequestListener => (request, response) =>
  request.method === "POST"
    ? response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({ access_token: "t0k3n", token_type: "Bearer", expires_in: 3600, ...more })
    )
    : response.writeHead(405).end()

describe("doctor, at the server", () => {
  for (const [aheadBy, message] of [[630_000, /10 min \d+ s behind/], [-630_000, /10 min \d+ s ahead of/]] as const) {
    it.scopedLive(`recognizes a clock that is ${aheadBy > 0 ? "behind" : "ahead"}`, () =>
      Effect.gen(function*() {
        const { client } = yield* sick
        const { doctor } = yield* start
        const env = {
          ...client,
          OAUTH_TOKEN_URL: `${yield* scripted(token(), aheadBy)}/token`,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          API_BASE_URL: yield* servers.http((_, response) => response.end("{}"))
        }
        const of = (findings: ReadonlyArray<Finding>) => findings.find(({ step }) => step === "clock") as Finding
        // Nothing that is sent is dated by it.
        const plain = yield* doctor(env)
        assert.deepStrictEqual([plain.exitCode, of(plain.findings).verdict], [0, "warning"])
        assert.match(of(plain.findings).message, message)
        // Assertions are.
        const long = { OAUTH_CLIENT_SECRET: "l0ng".repeat(10), OAUTH_CLIENT_AUTHENTICATION: "client_secret_jwt" }
        const dated = yield* doctor({ ...env, ...long })
        assert.deepStrictEqual([dated.exitCode, of(dated.findings).verdict], [21, "wrong"])
        assert.match(of(dated.findings).message, message)
        assert.match(of(dated.findings).remedy ?? "", /NTP/)
      }), minute)
  }

  it.scopedLive("recognizes an issuer without metadata", () =>
    Effect.gen(function*() {
      const { wrong } = yield* sick
      const origin = yield* scripted((_, response) => response.writeHead(404).end())
      const found = yield* wrong({ OAUTH_ISSUER: origin, OAUTH_ALLOW_HTTP_LOOPBACK: "true" })
      assert.strictEqual(found.step, "discovery")
      assert.match(found.message, /no metadata document/)
    }), minute)

  it.scopedLive(
    "recognizes a scope that was not granted, and an audience that was ignored",
    () =>
      Effect.gen(function*() {
        const { client, user } = yield* sick
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")
        const jwt = [part({ alg: "none" }), part({ aud: "https://other.example.com" }), "c4n4ry"].join(".")
        const origin = yield* scripted(token({ access_token: jwt, scope: "items:read" }))
        const { exitCode, stdout } = yield* user.run(["doctor"], {
          env: {
            ...client,
            OAUTH_TOKEN_URL: `${origin}/token`,
            OAUTH_ALLOW_HTTP_LOOPBACK: "true",
            OAUTH_SCOPE: "items:read items:write",
            OAUTH_AUDIENCE: "https://api.example.com",
            API_BASE_URL: yield* servers.http((_, response) => response.end("{}"))
          }
        })
        assert.strictEqual(exitCode, 21)
        assert.match(stdout, /✗ scope +items:write requested and not granted\n +→ /)
        assert.match(
          stdout,
          /✗ audience +the token is for https:\/\/other.example.com, not for https:\/\/api.example.com/
        )
        assert.match(stdout, /2 problems found\./)
        assert.notInclude(stdout, "c4n4ry")
      }),
    minute
  )

  it.scopedLive("recognizes an API that is not there, or fails", () =>
    Effect.gen(function*() {
      const { wrong } = yield* sick
      const env = { OAUTH_TOKEN_URL: `${yield* scripted(token())}/token`, OAUTH_ALLOW_HTTP_LOOPBACK: "true" }
      const rejected = yield* wrong({ ...env, API_BASE_URL: yield* servers.closed })
      assert.deepStrictEqual([rejected.step, /API_BASE_URL/.test(rejected.remedy ?? "")], ["connection", true])
      const broken = yield* servers.http((_, response) => response.writeHead(503).end())
      const failed = yield* wrong({ ...env, API_BASE_URL: broken })
      assert.deepStrictEqual([failed.step, failed.message], [
        "call",
        `${broken}/ failed with an internal problem (503)`
      ])
    }), minute)
})

describe("the verdict of doctor", () => {
  const answer = (status: number, headers: Http.OutgoingHttpHeaders = {}) => ({ status, headers })
  const good = [answer(200), answer(201), answer(206), answer(204)]
  const bad: ReadonlyArray<readonly [ReturnType<typeof answer>, RegExp]> = [
    [answer(301), /redirect \(301\)/],
    [answer(302, { location: "/login?next=s3cret" }), /redirect \(302 to http:\/\/127\.0\.0\.1:\d+\/login\)/],
    [answer(303, { location: "https://login.example.com/a" }), /redirect \(303 to https:\/\/login\.example\.com\/a\)/],
    [answer(304), /304/],
    [answer(307, { location: "http://[" }), /redirect \(307\)/],
    [answer(400), /rejects the call \(400\)/],
    [answer(401), /rejects the token \(401\)/],
    [answer(403), /forbids it \(403\)/],
    [answer(404), /does not exist \(404\)/],
    [answer(405), /does not allow GET \(405\)/],
    [answer(410), /does not exist \(410\)/],
    [answer(419), /rejects the token \(419\)/],
    [answer(429), /limits the rate of calls \(429\)/],
    [answer(500), /internal problem \(500\)/],
    [answer(503), /internal problem \(503\)/]
  ]

  const verdict = ({ headers, status }: ReturnType<typeof answer>, ...args: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const { user } = yield* start
      const api = yield* servers.http((_, response) => response.writeHead(status, headers).end())
      return yield* user.run(["doctor", ...args], {
        env: {
          OAUTH_TOKEN_URL: `${yield* scripted(token())}/token`,
          OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          OAUTH_CLIENT_ID: "a",
          OAUTH_CLIENT_SECRET: servers.secret,
          API_BASE_URL: api
        }
      })
    })

  it.scopedLive(
    "is good for a successful response of the API",
    () =>
      Effect.forEach(good, (one) =>
        Effect.map(verdict(one), ({ exitCode, stdout }) => {
          assert.strictEqual(exitCode, 0, String(one.status))
          assert.match(stdout, /Calls can be made\./)
        })),
    minute
  )

  it.scopedLive(
    "is not good for any other response",
    () =>
      Effect.forEach(bad, ([one, message]) =>
        Effect.map(verdict(one), ({ exitCode, stdout }) => {
          assert.strictEqual(exitCode, 21, String(one.status))
          assert.match(stdout, message)
          assert.notInclude(stdout, "s3cret")
          assert.notInclude(stdout, "Calls can be made")
          assert.match(stdout, /1 problem found\.\n$/)
        })),
    minute
  )

  it.scopedLive("is not good for a page, which shows nothing about the token", () =>
    Effect.gen(function*() {
      const { exitCode, stdout } = yield* verdict(answer(200, { "content-type": "text/html; charset=utf-8" }))
      assert.strictEqual(exitCode, 21)
      assert.match(stdout, /✗ call .*an HTML page, which does not show whether the API accepts the token\n.*--path/)
    }), minute)
})

describe("doctor, with oidc-provider over TLS", () => {
  const realWith = (options: servers.ProviderOptions) =>
    Effect.gen(function*() {
      const { apiOrigin, ca, issuer, state } = yield* servers.startWith(options)
      const { doctor, file } = yield* start
      const env = {
        OAUTH_ISSUER: issuer,
        OAUTH_CLIENT_ID: "inventory-sync",
        OAUTH_CLIENT_SECRET_FILE: file("secret", `${servers.secret}\n`),
        OAUTH_RESOURCE: servers.resource,
        OAUTH_SCOPE: "items:read",
        OAUTH_TLS_CA_FILE: file("ca.pem", ca.cert),
        API_BASE_URL: apiOrigin
      }
      const wrong = (more: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
        Effect.map(doctor({ ...env, ...more }, ...args), ({ exitCode, wrong: [first, ...more] }) => {
          assert.deepStrictEqual([exitCode, more], [21, []])
          return first as Finding
        })
      return { doctor, env, file, state, wrong }
    })
  const real = realWith({})

  it.scopedLive("finds nothing wrong where nothing is, for one token", () =>
    Effect.gen(function*() {
      const { doctor, env, state } = yield* real
      const { exitCode, findings, wrong } = yield* doctor(env)
      assert.deepStrictEqual(wrong, [])
      assert.strictEqual(exitCode, 0)
      assert.deepStrictEqual(findings.map(({ step, verdict }) => `${step} ${verdict}`), [
        "configuration ok",
        "name ok",
        "connection ok",
        "certificate ok",
        "clock ok",
        "discovery ok",
        "authentication ok",
        "scope ok",
        "audience ok",
        "name ok",
        "connection ok",
        "certificate ok",
        "call ok"
      ])
      assert.strictEqual(state.issued, 1)
    }), minute)

  it.scopedLive("recognizes what the server and the API reject", () =>
    Effect.gen(function*() {
      const { env, file, wrong } = yield* real
      const say = ({ message, remedy, step }: Finding) => `${step}: ${message} ${remedy ?? ""}`
      assert.match(
        say(yield* wrong({ OAUTH_ISSUER: `${env.OAUTH_ISSUER}/` })),
        /^discovery: .*another issuer.*OAUTH_ISSUER/
      )
      const secret = file("other", "wr0ng-s3cr3t")
      const client = say(yield* wrong({ OAUTH_CLIENT_SECRET_FILE: secret }))
      assert.match(client, /^authentication: .*"invalid_client".*Check OAUTH_CLIENT_ID and the secret/)
      assert.notInclude(client, "wr0ng")
      assert.match(say(yield* wrong({ OAUTH_SCOPE: "admin" })), /^authentication: .*"invalid_scope".*OAUTH_SCOPE/)
      assert.match(
        say(yield* wrong({ OAUTH_RESOURCE: servers.otherResource })),
        /^call: .*rejects the token \(401, invalid_token\).*OAUTH_RESOURCE/
      )
      assert.match(say(yield* wrong({}, "--path", "/write")), /^call: .*wants the scope items:write.*OAUTH_SCOPE/)
      assert.match(say(yield* wrong({}, "--path", "/forbidden")), /^call: .*forbids it \(403\)/)
      assert.match(
        say(yield* wrong({}, "--path", "/nothing")),
        /^call: .*\/nothing does not exist \(404\).*whether the API accepts the token.*--path/
      )
    }), minute)

  it.scopedLive("finds the settings that the server accepts, for one token", () =>
    Effect.gen(function*() {
      const { state, wrong } = yield* real
      const cases: ReadonlyArray<readonly [env: Readonly<Record<string, string>>, code: string, remedy: RegExp]> = [
        [{ OAUTH_BASIC_ENCODING: "raw" }, "secret-encoding", /remove OAUTH_BASIC_ENCODING/],
        [{ OAUTH_REQUEST_FORMAT: "json" }, "json-rejected", /Remove OAUTH_REQUEST_FORMAT/]
      ]
      for (const [env, code, remedy] of cases) {
        const before = state.issued
        const found = yield* wrong(env)
        assert.deepStrictEqual([found.code, state.issued - before], [code, 1], JSON.stringify(found))
        assert.match(found.remedy ?? "", remedy)
      }
    }), minute)

  it.scopedLive(
    "finds what a client of one kind must use, at no token that cannot be used",
    () =>
      Effect.gen(function*() {
        const { privateKey, publicKey } = yield* Effect.promise(() => generateKeyPair("PS256", { extractable: true }))
        const jwk = yield* Effect.promise(() => exportJWK(publicKey))
        const pem = yield* Effect.promise(() => exportPKCS8(privateKey))
        const client = (client_id: string, more: object) => ({
          client_id,
          grant_types: ["client_credentials"],
          response_types: [],
          redirect_uris: [],
          id_token_signed_response_alg: "ES256" as const,
          scope: "items:read items:write",
          ...more
        })
        const byKey = (alg: "PS256" | "RS256") => ({
          token_endpoint_auth_method: "private_key_jwt",
          token_endpoint_auth_signing_alg: alg,
          jwks: { keys: [{ ...jwk, kid: "c1", use: "sig" }] }
        })
        const { doctor, env, file, state } = yield* realWith({
          clients: [
            client("bound", { client_secret: servers.secret, dpop_bound_access_tokens: true }),
            client("ps", byKey("PS256")),
            client("rs", byKey("RS256")),
            client("ps-bound", { ...byKey("PS256"), dpop_bound_access_tokens: true })
          ],
          isStrict: true
        })
        const { OAUTH_CLIENT_SECRET_FILE: _, ...withoutSecret } = env
        const key = { ...withoutSecret, OAUTH_PRIVATE_KEY_FILE: file("key.pem", pem) }
        const cases: ReadonlyArray<
          readonly [env: Readonly<Record<string, string>>, code: string, fix: Readonly<Record<string, string>>]
        > = [
          [{ ...env, OAUTH_CLIENT_ID: "bound" }, "dpop-required", { OAUTH_DPOP: "true" }],
          [
            { ...env, OAUTH_CLIENT_ID: "bound", OAUTH_BASIC_ENCODING: "raw" },
            "several-settings",
            { OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_DPOP: "true" }
          ],
          [{ ...env, OAUTH_CLIENT_ID: "bound", OAUTH_REQUEST_FORMAT: "json" }, "several-settings", {
            OAUTH_DPOP: "true"
          }],
          [{ ...key, OAUTH_CLIENT_ID: "ps", OAUTH_SIGNING_ALGORITHM: "RS256" }, "signing-algorithm", {
            OAUTH_SIGNING_ALGORITHM: "PS256"
          }],
          [
            {
              ...key,
              OAUTH_CLIENT_ID: "rs",
              OAUTH_SIGNING_ALGORITHM: "RS256",
              OAUTH_ASSERTION_AUDIENCE: "token_endpoint"
            },
            "assertion-audience",
            { OAUTH_ASSERTION_AUDIENCE: "issuer" }
          ],
          [
            {
              ...key,
              OAUTH_CLIENT_ID: "ps",
              OAUTH_SIGNING_ALGORITHM: "RS256",
              OAUTH_ASSERTION_AUDIENCE: "token_endpoint"
            },
            "several-settings",
            { OAUTH_SIGNING_ALGORITHM: "PS256", OAUTH_ASSERTION_AUDIENCE: "issuer" }
          ],
          [{ ...key, OAUTH_CLIENT_ID: "ps-bound", OAUTH_SIGNING_ALGORITHM: "RS256" }, "several-settings", {
            OAUTH_SIGNING_ALGORITHM: "PS256",
            OAUTH_DPOP: "true"
          }]
        ]
        for (const [settings, code, fix] of cases) {
          const before = state.issued
          const { wrong } = yield* doctor(settings)
          const name = `${settings["OAUTH_CLIENT_ID"]}: ${JSON.stringify(wrong)}`
          assert.deepStrictEqual(wrong.map((one) => [one.code, one.fix?.set]), [[code, fix]], name)
          assert.strictEqual(state.issued - before, 1, name)
          const unset = Object.fromEntries((wrong[0]?.fix?.unset ?? []).map((variable) => [variable, undefined]))
          const fixed = yield* doctor({ ...settings, ...unset, ...fix })
          assert.deepStrictEqual([fixed.exitCode, fixed.wrong], [0, []], name)
        }
      }),
    minute
  )

  it.scopedLive(
    "recognizes a configuration that is not complete, and a secret that others may read",
    () =>
      Effect.gen(function*() {
        const { doctor, env, file, wrong } = yield* real
        const missing = yield* wrong({ OAUTH_CLIENT_ID: "" })
        assert.match(missing.message, /OAUTH_CLIENT_ID/)
        const nowhere = yield* wrong({ OAUTH_CLIENT_SECRET_FILE: "/nowhere/secret" })
        assert.match(nowhere.message, /OAUTH_CLIENT_SECRET_FILE to be the path of a file that can be read \(NotFound\)/)
        const { exitCode, findings } = yield* doctor({
          ...env,
          OAUTH_CLIENT_SECRET_FILE: file("open", servers.secret, 0o644)
        })
        assert.deepStrictEqual([exitCode, findings[1]?.verdict], [0, "warning"])
        assert.match(findings[1]?.remedy ?? "", /chmod 600/)
      }),
    minute
  )
})
