/** The token broker and two clients without a secret, as processes, over a unix socket. */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Fiber, Redacted, Schedule } from "effect"

import { hashOf } from "../src/broker/protocol.js"

const key = "k3y-of-the-broker"

const start = (program: string, environment: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url))], {
        env: { PATH: process.env["PATH"], BROKER_KEY: key, ...environment }
      })
      const output: Array<string> = []
      child.stdout.on("data", (chunk: Buffer) => output.push(chunk.toString()))
      child.stderr.on("data", (chunk: Buffer) => output.push(chunk.toString()))
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      return { child, ended, output: () => output.join("") }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const until = (condition: Effect.Effect<boolean>) =>
  Effect.repeat(condition, { until: (isMet) => isMet, schedule: Schedule.spaced("10 millis") })

/** Returns the status of a request; 0 if the broker ends before it responds. */
const post = (socketPath: string, key: string, body = "{}") =>
  Effect.async<number | undefined>((resume) => {
    request({ socketPath, method: "POST", path: "/token", headers: { authorization: `Bearer ${key}` } })
      .on("response", ({ statusCode }) => resume(Effect.succeed(statusCode)))
      .on("error", () => resume(Effect.succeed(0)))
      .end(body)
  })

const newKey = () => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "broker-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

it.scopedLive("two clients of a broker use one token, and one new token after a rejection", () =>
  Effect.gen(function*() {
    const { api, environment, server } = yield* Loopback.start()
    const path = yield* directory
    const socket = join(path, "broker.sock")
    const storeKey = newKey()
    const broker = yield* start("token-broker", {
      ...environment,
      BROKER_SOCKET: socket,
      TOKEN_STORE_DIR: join(path, "tokens"),
      TOKEN_STORE_KEY: storeKey
    })
    yield* until(Effect.sync(() => broker.output().includes("Listening")))
    assert.strictEqual(statSync(socket).mode & 0o077, 0)
    assert.strictEqual(yield* post(socket, "another"), 401)

    const { API_BASE_URL = "" } = environment
    const client = start("broker-client", { API_BASE_URL, BROKER_SOCKET: socket, CALLS: "20", EVERY: "50 millis" })
    const clients = [yield* client, yield* client]
    const used = (from: number) =>
      Effect.map(api.calls, (all) => all.slice(from).filter(({ status }) => status === 200))
    yield* until(Effect.map(used(0), (all) => {
      for (const { child, output } of clients) assert.isNull(child.exitCode, output())
      return all.length >= 4
    }))
    const first = yield* server.issued
    yield* server.revoke()
    for (const { ended, output } of clients) {
      yield* Effect.promise(() => ended)
      assert.match(output(), /20 of 20 calls/)
    }
    const issued = yield* server.issued
    assert.deepStrictEqual([first.length, issued.length], [1, 2])

    const shown = [broker, ...clients].map(({ output }) => output()).join("\n")
    const tokens = issued.map(({ value }) => Redacted.value(value))
    for (const secret of [key, storeKey, environment["OAUTH_CLIENT_SECRET"] ?? "none", ...tokens]) {
      assert.notInclude(shown, secret)
    }
  }))

it.scopedLive("clients of a broker that is killed during a refresh go on, and the next broker uses the stored token", () =>
  Effect.gen(function*() {
    const { api, environment, server } = yield* Loopback.start()
    const path = yield* directory
    const socket = join(path, "broker.sock")
    const storeKey = newKey()
    const startBroker = Effect.tap(
      start("token-broker", {
        ...environment,
        BROKER_SOCKET: socket,
        TOKEN_STORE_DIR: join(path, "tokens"),
        TOKEN_STORE_KEY: storeKey
      }),
      ({ output }) => until(Effect.sync(() => output().includes("Listening")))
    )
    const { API_BASE_URL = "" } = environment
    const startClient = (CALLS: string) =>
      start("broker-client", { API_BASE_URL, BROKER_SOCKET: socket, CALLS, EVERY: "50 millis" })
    const first = yield* startBroker
    const clients = [yield* startClient("1000000"), yield* startClient("1000000")]
    // Each has a token.
    yield* until(Effect.sync(() => clients.every(({ output }) => output().includes("200, the first"))))
    /** Waits for more calls that succeed, of clients that go on. */
    const goOn = Effect.gen(function*() {
      const from = (yield* api.calls).length
      yield* until(Effect.map(api.calls, (all) => {
        for (const { child, output } of clients) assert.isNull(child.exitCode, output())
        return all.slice(from).filter(({ status }) => status === 200).length >= 6
      }))
    })
    yield* goOn

    yield* server.faults.rule(({ endpoint }) => endpoint === "token" ? "hang" : undefined)
    const [token] = yield* server.issued
    const replaces = hashOf(token?.value ?? Redacted.make(""))
    const refresh = yield* Effect.fork(
      post(socket, key, JSON.stringify({ reason: "forced", replaces, isConfirmed: false }))
    )
    const requests = Effect.map(server.received, (all) => all.filter(({ endpoint }) => endpoint === "token").length)
    yield* until(Effect.map(requests, (count) => count === 2))
    first.child.kill("SIGKILL")
    yield* Effect.promise(() => first.ended)
    assert.strictEqual(yield* Fiber.join(refresh), 0)
    yield* server.faults.clear
    yield* goOn

    yield* startBroker
    const late = yield* startClient("5")
    yield* Effect.promise(() => late.ended)
    assert.match(late.output(), /5 of 5 calls/)
    yield* goOn
    assert.lengthOf(yield* server.issued, 1)

    yield* server.revoke()
    yield* goOn
    assert.lengthOf(yield* server.issued, 2)
  }))
