/** The code without Effect of the guides about fleets, keys, security and AWS Lambda, on a server that this file is. */
import { generateKeyPairSync, sign } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import type { PromiseClient } from "@effect-oauth/client-credentials"
import { Effect, Layer } from "effect"
import { decodeProtectedHeader } from "jose"
import { afterAll, afterEach, beforeEach, vi } from "vitest"

let directory = ""
let received: ReadonlyArray<URLSearchParams> = []

let isRejected = (_: URLSearchParams): boolean => false

/** Accepts every request, except tokens requested with a rejected secret or key. */
const serve = (rejecting: (form: URLSearchParams) => boolean) => {
  isRejected = rejecting
}

// Once, since Effect 4 reads the global function once.
vi.stubGlobal("fetch", async (input: string | URL | Request, init?: RequestInit) => {
  const request = new Request(input, init)
  if (new URL(request.url).hostname !== "auth.example.com") return Response.json({ items: [] })
  const form = new URLSearchParams(await request.text())
  received = [...received, form]
  return isRejected(form)
    ? Response.json({ error: "invalid_client" }, { status: 401 })
    : Response.json({ access_token: `token-${received.length}`, token_type: "Bearer", expires_in: 3600 })
})

const write = (name: string, content: string) => writeFile(join(directory, name), `${content}\n`, { mode: 0o600 })

const status = async (api: PromiseClient.PromiseClient) => (await api.fetch("/items")).status

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "promises-"))
  received = []
  vi.stubEnv("CREDENTIALS_DIRECTORY", directory)
})

afterAll(() => {
  vi.unstubAllGlobals()
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(directory, { recursive: true })
})

const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-256" })

const pem = () => newKey().privateKey.export({ type: "pkcs8", format: "pem" }).toString()

describe("guides for programs without Effect", () => {
  it("rotate a secret", async () => {
    const { api } = await import("../src/guides/promises/rotation.js")
    await write("inventory-sync", "next")
    await write("inventory-sync-previous", "current")
    serve((form) => form.get("client_secret") === "next")
    assert.strictEqual(await status(api), 200)
    assert.deepStrictEqual(received.map((form) => form.get("client_secret")), ["next", "current"])
  })

  it("rotate a secret by the options of the program with Effect", async () => {
    const { Api } = await import("../src/guides/rotation.js")
    await Effect.runPromise(Effect.scoped(Layer.build(Layer.provide(Api, FetchHttpClient.layer))))
  })

  it("sign with a private key, and with the previous one", async () => {
    const { api } = await import("../src/guides/promises/privateKey.js")
    await write("key.pem", pem())
    await write("previous-key.pem", pem())
    serve(() => received.length === 1)
    assert.strictEqual(await status(api), 200)
    const headers = received.map((form) => decodeProtectedHeader(form.get("client_assertion") ?? ""))
    assert.deepStrictEqual(headers.map(({ alg }) => alg), ["ES256", "ES256"])
    assert.strictEqual(headers[0]?.kid, "2026-12")
  })

  it("sign by a KMS", async () => {
    const { client } = await import("../src/guides/promises/kms.js")
    const { privateKey } = newKey()
    const Signature = new Uint8Array(sign("sha256", Buffer.from("a message"), privateKey))
    const api = client({ sign: () => Promise.resolve({ Signature }) }, "alias/key")
    serve(() => false)
    assert.strictEqual(await status(api), 200)
    const [form] = received
    assert.include(decodeProtectedHeader(form?.get("client_assertion") ?? ""), { alg: "ES256", kid: "alias/key" })
  })

  it("read the current version of a secret, and the previous one after a rejection", async () => {
    const { client } = await import("../src/guides/serverless/secretsManager.js")
    const api = client({ getSecretValue: ({ VersionStage }) => Promise.resolve({ SecretString: VersionStage }) }, "id")
    serve((form) => form.get("client_secret") === "AWSCURRENT")
    assert.strictEqual(await status(api), 200)
    assert.deepStrictEqual(received.map((form) => form.get("client_secret")), ["AWSCURRENT", "AWSPREVIOUS"])
  })

  it("keep the token of a job in a sealed file", async () => {
    for (
      const [name, value] of Object.entries({
        OAUTH_TOKEN_URL: "https://auth.example.com/oauth/token",
        OAUTH_CLIENT_ID: "nightly-job",
        OAUTH_CLIENT_SECRET: "s3cr3t",
        API_BASE_URL: "https://api.example.com",
        TOKEN_STORE_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64"),
        TOKEN_STORE_DIR: join(directory, "tokens")
      })
    ) vi.stubEnv(name, value)
    serve(() => false)
    for (let start = 0; start < 2; start++) {
      vi.resetModules()
      const { items } = await import("../src/guides/promises/job.js")
      assert.deepStrictEqual(await items(), { items: [] })
    }
    assert.lengthOf(received, 1)
  })
})
