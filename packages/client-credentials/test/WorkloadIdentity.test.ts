/**
 * Sources of identity tokens: files that are replaced in various ways, and the services of platforms, requested exactly
 * as their documentation requires.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import http from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { OAuthError, WorkloadIdentity } from "@effect-oauth/client-credentials"
import { ConfigProvider, Effect, Fiber, Logger, Redacted, TestClock } from "effect"

import * as tokenFile from "../src/internal/config/tokenFile.js"

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url")

const jwt = (id: string, more: object = {}) => `${base64url({ alg: "none" })}.${base64url({ jti: id, ...more })}.c2ln`

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "identity-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** Files that return one content after another; undefined for a missing file. */
const files = (...contents: ReadonlyArray<string | undefined>): tokenFile.Files => filesOf(contents, -60_000)

const filesOf = (contents: ReadonlyArray<string | undefined>, writtenAt: number): tokenFile.Files => {
  let count = 0
  const next = () => contents[Math.min(count, contents.length - 1)]
  return {
    stat: () => {
      const text = next()
      if (text === undefined) count += 1
      return text === undefined
        ? Promise.reject(Object.assign(new Error("c4n4ry"), { code: "ENOENT" }))
        : Promise.resolve({ size: text.length, mtimeMs: writtenAt, isFile: () => true })
    },
    readFile: () => {
      const text = next() ?? ""
      count += 1
      return Promise.resolve(text)
    }
  }
}

/** Reads while the time advances that the source waits. */
const patiently = <A, E>(source: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    let hasEnded = false
    const fiber = yield* Effect.fork(Effect.ensuring(source, Effect.sync(() => hasEnded = true)))
    while (!hasEnded) {
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

describe("a file", () => {
  it.scoped("returns the current token, however it is replaced", () =>
    Effect.gen(function*() {
      const path = join(yield* directory, "token")
      const source = WorkloadIdentity.file(path)
      writeFileSync(path, `${jwt("1")}\n`)
      assert.strictEqual(Redacted.value(yield* source), jwt("1"))
      writeFileSync(path, jwt("2"))
      assert.strictEqual(Redacted.value(yield* source), jwt("2"))
      writeFileSync(`${path}.new`, jwt("3"))
      renameSync(`${path}.new`, path)
      assert.strictEqual(Redacted.value(yield* source), jwt("3"))
    }))

  for (
    const [name, content] of [
      ["away", undefined],
      ["empty", ""],
      ["half-written", jwt("2").slice(0, 20)]
    ] as const
  ) {
    it.effect(`that is ${name} for a moment is read again`, () =>
      Effect.gen(function*() {
        const source = tokenFile.make(files(content, content, jwt("2")), "token")
        assert.strictEqual(Redacted.value(yield* patiently(source)), jwt("2"))
      }))

    it.effect(`that stays ${name} falls back to the token read before, until it expires`, () =>
      Effect.gen(function*() {
        const source = tokenFile.make(files(jwt("1", { exp: 60 }), content), "token")
        const log: Array<string> = []
        const layer = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => log.push(String(message))))
        assert.strictEqual(Redacted.value(yield* source), jwt("1", { exp: 60 }))
        assert.strictEqual(Redacted.value(yield* Effect.provide(patiently(source), layer)), jwt("1", { exp: 60 }))
        assert.match(
          log.join("\n"),
          /Using the token that was read before, which expires at .*Z\. The next token request reads the file again\./
        )
        yield* TestClock.adjust("2 minutes")
        const error = yield* patiently(Effect.flip(source))
        assert.strictEqual(error.credential, "identity token")
        assert.isTrue(error.retryable)
        assert.notInclude(error.message, "c4n4ry")
        if (content === undefined) assert.include(error.message, "its file cannot be read (ENOENT)")
      }))
  }

  const cut = jwt("2").slice(0, -2)
  for (
    const [name, contents, writtenAt, readings] of [
      ["cut within its signature is read until it stays the same", [cut, jwt("2"), jwt("2")], 0, 3],
      ["that changes on every read is read for a second", [1, 2, 3, 4, 5, 6].map((id) => jwt(String(id))), 0, 6],
      ["that was written a second ago is read once", [jwt("2"), cut], -1000, 1],
      ["of a clock that is ahead is read once", [jwt("2"), cut], 60_000, 1]
    ] as const
  ) {
    it.effect(`a token that was just written ${name}`, () =>
      Effect.gen(function*() {
        const found = filesOf(contents, writtenAt)
        let read = 0
        const counted: tokenFile.Files = {
          ...found,
          readFile: (...of) => {
            read += 1
            return found.readFile(...of)
          }
        }
        const token = Redacted.value(yield* patiently(tokenFile.make(counted, "token")))
        assert.strictEqual(token, contents[readings - 1])
        assert.strictEqual(read, readings)
      }))
  }

  it.effect("that was just written with the same token is read once", () =>
    Effect.gen(function*() {
      const source = tokenFile.make(filesOf([jwt("1"), jwt("1"), jwt("1"), cut], 0), "token")
      assert.strictEqual(Redacted.value(yield* patiently(source)), jwt("1"))
      assert.strictEqual(Redacted.value(yield* source), jwt("1"))
    }))

  it.scoped("that is not a regular file is not read", () =>
    Effect.gen(function*() {
      const path = yield* directory
      assert.match((yield* patiently(Effect.flip(WorkloadIdentity.file(path)))).message, /not a regular file/)
    }))
})

interface Asked {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The services of platforms, on this machine: the requests that they receive, and their responses. */
const platforms = (answer: (asked: Asked) => Response) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const asked: Array<Asked> = []
      const { get } = http
      const { fetch } = globalThis
      const server = http.createServer((request, response) => {
        const found = answer(asked.at(-1) ?? assert.fail())
        void found.text().then((text) => response.writeHead(found.status, Object.fromEntries(found.headers)).end(text))
        request.resume()
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const here = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const through = (url: string, options: object, onResponse: (response: http.IncomingMessage) => void) => {
        const { agent, headers } = options as { readonly agent: unknown; readonly headers: Asked["headers"] }
        // Bypasses every proxy of the global agent.
        assert.notStrictEqual(agent, http.globalAgent)
        asked.push({ url, headers })
        return get(here, options, onResponse)
      }
      http.get = through as typeof http.get
      globalThis.fetch = (input, init) => {
        assert.strictEqual(init?.redirect, "manual")
        const one = { url: String(input), headers: init?.headers as Asked["headers"] }
        asked.push(one)
        return Promise.resolve(answer(one))
      }
      return { asked, get, fetch, server }
    }),
    ({ fetch, get, server }) =>
      Effect.promise(() => {
        http.get = get
        globalThis.fetch = fetch
        return new Promise((resolve) => server.close(resolve))
      })
  )

const environment = (variables: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))

const github = environment({
  ACTIONS_ID_TOKEN_REQUEST_URL: "https://pipelines.example/id?api-version=2.0",
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: "c4n4ry-request-token"
})

const sources = {
  "GitHub Actions": {
    source: WorkloadIdentity.gitHubActions({ audience: "https://auth.example.com" }).pipe(github),
    answer: () => Response.json({ value: "identity" }),
    url: "https://pipelines.example/id?api-version=2.0&audience=https%3A%2F%2Fauth.example.com",
    headers: { accept: "application/json", authorization: "Bearer c4n4ry-request-token" }
  },
  "Google Cloud": {
    source: WorkloadIdentity.googleMetadata({ audience: "https://auth.example.com" }),
    answer: () => new Response("identity", { headers: { "metadata-flavor": "Google" } }),
    url: "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/identity" +
      "?audience=https%3A%2F%2Fauth.example.com&format=full",
    headers: { "metadata-flavor": "Google" }
  },
  "Azure": {
    source: WorkloadIdentity.azureManagedIdentity({ resource: "api://AzureADTokenExchange", clientId: "id" }).pipe(
      environment({})
    ),
    answer: () => Response.json({ access_token: "identity" }),
    url: "http://169.254.169.254/metadata/identity/oauth2/token" +
      "?api-version=2018-02-01&resource=api%3A%2F%2FAzureADTokenExchange&client_id=id",
    headers: { metadata: "true" }
  },
  "Azure App Service": {
    source: WorkloadIdentity.azureManagedIdentity({ resource: "api://AzureADTokenExchange" }).pipe(
      environment({ IDENTITY_ENDPOINT: "http://127.0.0.1:41741/msi/token/", IDENTITY_HEADER: "c4n4ry-header" })
    ),
    answer: () => Response.json({ access_token: "identity" }),
    url: "http://127.0.0.1:41741/msi/token/?api-version=2019-08-01&resource=api%3A%2F%2FAzureADTokenExchange",
    headers: { "x-identity-header": "c4n4ry-header" }
  }
}

describe("the service of a platform", () => {
  for (const [name, { answer, headers, source, url }] of Object.entries(sources)) {
    it.scoped(`${name} receives the documented request`, () =>
      Effect.gen(function*() {
        const { asked } = yield* platforms(answer)
        assert.strictEqual(Redacted.value(yield* source), "identity")
        assert.deepStrictEqual(asked, [{ url, headers }])
      }))

    const answers: Readonly<Record<string, () => Response>> = {
      "a redirect": () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } }),
      "a rejection": () => Response.json({ error: "c4n4ry" }, { status: 400 }),
      "a page": () => new Response("<html>c4n4ry</html>\n<p>"),
      "nothing": () => new Response(""),
      "without end": () => new Response("c4n4ry ".repeat(20_000), { headers: { "metadata-flavor": "Google" } })
    }
    for (const [kind, wrong] of Object.entries(answers)) {
      it.scoped(`${name} that returns ${kind} is an error that names the problem`, () =>
        Effect.gen(function*() {
          const { asked } = yield* platforms(wrong)
          const error = yield* Effect.flip(source)
          assert(error instanceof OAuthError.CredentialUnavailable)
          assert.strictEqual(error.credential, "identity token")
          assert.notInclude(error.message, "c4n4ry")
          assert.strictEqual(asked.length, 1)
        }))
    }
  }

  for (
    const [host, isAllowed] of [
      ["localhost", true],
      ["127.9.8.7", true],
      ["[::1]", true],
      ["169.254.131.1", true],
      ["169.254.131.1.example", false],
      ["169.255.0.1", false],
      ["10.0.0.1", false],
      ["0.0.0.0", false],
      ["localhost.example", false]
    ] as const
  ) {
    it.scoped(`Azure App Service at ${host} ${isAllowed ? "receives a" : "receives no"} request`, () =>
      Effect.gen(function*() {
        const { asked } = yield* platforms(() => Response.json({ access_token: "identity" }))
        const variables = { IDENTITY_ENDPOINT: `http://${host}/msi/token`, IDENTITY_HEADER: "a" }
        yield* Effect.exit(environment(variables)(WorkloadIdentity.azureManagedIdentity({ resource: "a" })))
        assert.strictEqual(asked.length, isAllowed ? 1 : 0)
      }))
  }

  const unusable = {
    "GitHub Actions without its variables": [
      WorkloadIdentity.gitHubActions({ audience: "a" }),
      {},
      /id-token: write/
    ],
    "GitHub Actions over http": [
      WorkloadIdentity.gitHubActions({ audience: "a" }),
      { ACTIONS_ID_TOKEN_REQUEST_URL: "http://pipelines.example", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "a" },
      /https:/
    ],
    "Azure elsewhere": [
      WorkloadIdentity.azureManagedIdentity({ resource: "a" }),
      { IDENTITY_ENDPOINT: "http://identity.example/token", IDENTITY_HEADER: "a" },
      /address of this machine/
    ],
    "GitHub Actions without an audience": [
      WorkloadIdentity.gitHubActions({ audience: undefined as never }),
      {},
      /audience/
    ]
  } as const
  for (const [name, [source, variables, expected]] of Object.entries(unusable)) {
    it.scoped(`${name} sends no request`, () =>
      Effect.gen(function*() {
        const { asked } = yield* platforms(() => new Response())
        const error = yield* Effect.flip(environment(variables)(source))
        assert.match(error.message, expected)
        assert.deepStrictEqual(asked, [])
      }))
  }
})
