/**
 * Faults of networks and servers, on real sockets and in pools of one connection: each call ends in time with a typed
 * error or the right response, and the next call succeeds.
 */
import * as Net from "node:net"
import { constants, createBrotliCompress, deflateRawSync, gzipSync } from "node:zlib"

import { FetchHttpClient, type HttpClient, type HttpClientError } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientConfig,
  ClientCredentials,
  type OAuthError,
  ServerMetadata,
  TokenCache,
  TokenEndpoint
} from "@effect-oauth/client-credentials"
import { Cause, type Duration, Effect, Either, Exit, Fiber, Layer, Redacted, TestClock } from "effect"

import { errorOf } from "./support/causes.js"
import * as certificates from "./support/certificates.js"
import * as faultServer from "./support/faultServer.js"
import { exitOf } from "./support/fibers.js"
import * as httpErrors from "./support/httpErrors.js"
import { printed } from "./support/printed.js"
import { sample } from "./support/runs.js"
import * as servers from "./support/servers.js"

const { bytes, drip, ending, endless, reset } = faultServer

const secret = "s3cr3t/+ %:x"
/** A part of every token of this file. */
const token = "t0k3n"

/**
 * The deadline of every call, on the test's clock: an outcome without the deadline may take as long as a busy machine
 * needs, and the deadline passes when the test advances the clock.
 */
const deadline = 300

type Name = "fetch" | "Undici" | "node:http"
type Transport = Layer.Layer<HttpClient.HttpClient>

/**
 * Undici continues a handshake that no request waits for, and the next request waits for it: up to Undici's own limit,
 * ten seconds by default, in real time.
 */
const connectTimeout = 1000

/** Transports, each with a pool of one connection, which is kept alive. */
const transports = (ca?: string): Readonly<Record<Name, Transport>> => {
  const dispatcher = Layer.scoped(
    NodeHttpClient.Dispatcher,
    Effect.acquireRelease(
      Effect.sync(() =>
        new Undici.Agent({
          connections: 1,
          connect: ca === undefined ? {} : { ca, maxCachedSessions: 0, timeout: connectTimeout }
        })
      ),
      (agent) => Effect.promise(() => agent.destroy())
    )
  )
  return {
    fetch: FetchHttpClient.layer.pipe(
      // The agent of Node.js accepts the dispatchers of one version of Undici only.
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, Undici.fetch as unknown as typeof globalThis.fetch)),
      Layer.provide(Layer.effect(
        FetchHttpClient.RequestInit,
        Effect.map(NodeHttpClient.Dispatcher, (dispatcher): RequestInit => ({ dispatcher }) as object)
      )),
      Layer.provide(dispatcher)
    ),
    Undici: Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, dispatcher),
    "node:http": Layer.provide(
      NodeHttpClient.layerWithoutAgent,
      NodeHttpClient.makeAgentLayer({
        keepAlive: true,
        maxSockets: 1,
        ...(ca === undefined ? {} : { ca, maxCachedSessions: 0 })
      })
    )
  }
}

const names: ReadonlyArray<Name> = ["fetch", "Undici", "node:http"]

const config = (origin: string): ClientConfig.Options => ({
  tokenUrl: `${origin}/token`,
  clientId: "inventory-sync",
  clientSecret: Redacted.make(secret),
  apiBaseUrl: origin,
  allowHttpLoopback: true
})

const tokenBody = JSON.stringify({ access_token: `${token}-0`, token_type: "Bearer", expires_in: 60 })

const response = (status: string, body: string, ...headers: ReadonlyArray<string>): string =>
  [`HTTP/1.1 ${status}`, ...headers, `content-length: ${body.length}`, "", body].join("\r\n")

const json = "content-type: application/json"
const numberedToken = (number: number): string => response("200 OK", tokenBody.replace("-0", `-${number}`), json)
const goodToken = numberedToken(0)
const goodItems = response("200 OK", `{"items":[]}`, json)

const revealsNothing = (value: unknown) => {
  const text = printed(value)
  for (const one of [secret, new URLSearchParams({ "": secret }).toString().slice(1), token]) {
    assert.notInclude(text, one)
  }
}

type Failure = OAuthError.OAuthError | HttpClientError.HttpClientError | Cause.TimeoutException

/** Returns the outcome in a word or two, for a table; a defect fails the test. */
const ended = <A>(effect: Effect.Effect<A, Failure>): Effect.Effect<string> =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(effect)
    if (Exit.isSuccess(exit)) return "ok"
    const error = errorOf(exit.cause)
    assert(error !== undefined, Cause.pretty(exit.cause))
    revealsNothing(error)
    switch (error._tag) {
      case "TokenEndpointUnavailable":
        return `${error._tag} ${error.reason} ${error.detail}`
      case "InvalidTokenResponse":
        return `${error._tag} ${error.problem}`
      default:
        return Cause.isTimeoutException(error) ? "TimeoutException" : httpErrors.kindOf(error) ?? error._tag
    }
  })

/** Waits in real time for data that arrives over a socket, or does not. Nothing depends on the amount. */
const pause = (millis = 300) => Effect.promise(() => new Promise<void>((resolve) => void setTimeout(resolve, millis)))

/**
 * Waits until the condition holds: events on the other side of a socket take time to arrive, on a busy machine a long
 * time. Without timers, which are counted.
 */
const eventually = (what: () => string, isSo: () => boolean) =>
  Effect.promise(async () => {
    const begun = Date.now()
    while (!isSo()) {
      if (Date.now() - begun > 120_000) assert.fail(`not so within 2 minutes: ${what()}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })

/**
 * Returns the outcome of an effect whose deadline passes some time after its request `arrived` at the server, unless it
 * ends before.
 */
const endedByDeadline = <A>(effect: Effect.Effect<A, Failure>, arrived: () => boolean): Effect.Effect<string> =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* eventually(() => "no request has arrived", () => arrived() || exitOf(fiber) !== undefined)
    yield* pause()
    yield* TestClock.adjust(deadline)
    return yield* ended(Fiber.join(fiber))
  })

/** Advances the test's clock by a second repeatedly, for limits of a second that are not the deadline. */
const endedInSeconds = <A>(effect: Effect.Effect<A, Failure>, arrived: () => boolean): Effect.Effect<string> =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* eventually(() => "no request has arrived", () => arrived() || exitOf(fiber) !== undefined)
    while (exitOf(fiber) === undefined) {
      yield* pause()
      yield* TestClock.adjust("1 second")
    }
    return yield* ended(Fiber.join(fiber))
  })

/** Returns the largest memory of the process during a test, less its memory before. */
const growth = () => {
  const before = process.memoryUsage().rss
  let most = before
  const note = () => {
    most = Math.max(most, process.memoryUsage().rss)
  }
  const timer = setInterval(note, 10)
  return Effect.sync(() => {
    clearInterval(timer)
    note()
    return most - before
  })
}

/**
 * Above this limit, a body is collected that should be passed on or skipped: gibibytes. Below it is memory that was
 * skipped and not freed yet, of which Node 24 leaves more than Node 20.
 */
const memoryLimit = 192 * 1_048_576

const resources = () => {
  const counts: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) if (name !== "Immediate") counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Runs the effect in a separate scope, and asserts that none of its resources remain in this process. */
const leavingNothing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = resources()
    yield* Effect.scoped(effect)
    yield* eventually(
      () => `no resources left of ${JSON.stringify(resources())} but ${JSON.stringify(before)}`,
      () => Object.entries(resources()).every(([name, count]) => count <= (before[name] ?? 0))
    )
  })

const endpoint = (origin: string, transport: Transport, limits: TokenEndpoint.Options = {}) =>
  Effect.gen(function*() {
    const services = yield* Layer.build(
      TokenEndpoint.layer({ timeout: deadline, ...limits }).pipe(
        Layer.provide(ServerMetadata.layer()),
        Layer.provide(ClientConfig.layer(config(origin))),
        Layer.provide(transport)
      )
    )
    const { request, requestToken } = yield* Effect.provide(TokenEndpoint.TokenEndpoint, services)
    return { ask: requestToken(request) }
  })

const api = (origin: string, transport: Transport, timeout: Duration.DurationInput = deadline) =>
  Effect.gen(function*() {
    const services = yield* Layer.build(Layer.provide(
      ClientCredentials.layer({ ...config(origin), tokenEndpoint: { timeout }, tokenCache: { retryTimeout: 0 } }),
      transport
    ))
    const client = yield* Effect.provide(ApiClient.ApiClient, services)
    return { call: client.get("/items").pipe(Effect.flatMap(({ text }) => text)) }
  })

interface Fault {
  readonly script: faultServer.Script
  /** The outcome of a token request. */
  readonly token: RegExp | Partial<Record<Name, RegExp>> & { readonly others?: RegExp }
  /** Set if the client on `node:http` hands a connection of another protocol over, and never closes it. */
  readonly isKept?: boolean
  /** The outcome of a call to the API with a deadline of 300 ms and this response. */
  readonly api?: RegExp | Partial<Record<Name, RegExp>> & { readonly others?: RegExp }
}

const expected = (wanted: NonNullable<Fault["api"]>, name: Name): RegExp =>
  wanted instanceof RegExp ? wanted : wanted[name] ?? wanted.others ?? assert.fail(name)

const isLate = (outcome: RegExp): boolean =>
  ["TokenEndpointUnavailable timeout 300ms", "TimeoutException"].some((text) => outcome.test(text))

const head = (...headers: ReadonlyArray<string>): string => ["HTTP/1.1 200 OK", json, ...headers, "", ""].join("\r\n")

const gone = /^TokenEndpointUnavailable connection ([A-Z0-9_]+|HTTPParserError)$/
const goneOrLate = /^TokenEndpointUnavailable (connection ([A-Z0-9_]+|HTTPParserError)|timeout 300ms)$/
const late = /^TokenEndpointUnavailable timeout 300ms$/
const foreign = /^InvalidTokenResponse with application\/json instead of a JSON token response/
const long = /^InvalidTokenResponse with more than 1048576 bytes/

const block = Buffer.alloc(65_536, "a")

const faults: Readonly<Record<string, Fault>> = {
  "no answer": { script: () => undefined, token: late, api: /^TimeoutException$/ },
  "an end without a response": { script: ending(), token: gone, api: /^RequestError Transport$/ },
  "a reset without a response": { script: reset(Buffer.alloc(0)), token: gone, api: /^RequestError Transport$/ },
  "headers, a byte at a time": { script: drip("", head("x-a: b")), token: late, api: /^TimeoutException$/ },
  "a body, a byte at a time": {
    script: drip(head("content-length: 1000000"), " "),
    token: late,
    api: /^TimeoutException$/
  },
  "chunks, a byte at a time": {
    script: drip(head("transfer-encoding: chunked"), "1\r\n \r\n"),
    token: late,
    api: /^TimeoutException$/
  },
  "a status line without end": {
    script: endless("HTTP/1.1 200 ", block),
    token: goneOrLate
  },
  "spaces without end": { script: endless("HTTP/1.1 200 OK\r\nx-a:", Buffer.alloc(65_536, " ")), token: late },
  "a header without end": {
    script: endless("HTTP/1.1 200 OK\r\nx-a:", block),
    token: /^TokenEndpointUnavailable connection .*OVERFLOW$/
  },
  "headers without end": {
    script: endless("HTTP/1.1 200 OK\r\n", Buffer.from("x-a: b\r\n".repeat(8000))),
    token: /^TokenEndpointUnavailable connection .*OVERFLOW$/
  },
  "a body without end": { script: endless(head(), block), token: long },
  "a body with a content length of a terabyte": {
    script: endless(head("content-length: 1099511627776"), block),
    token: long
  },
  "chunks without end": {
    script: endless(head("transfer-encoding: chunked"), Buffer.from(`10000\r\n${block.toString()}\r\n`)),
    token: long
  },
  "a chunk extension without end": {
    script: endless(head("transfer-encoding: chunked") + "1;a=", block),
    token: goneOrLate
  },
  "trailers without end": {
    script: endless(head("transfer-encoding: chunked") + "0\r\n", Buffer.from("x-a: b\r\n".repeat(8000))),
    token: goneOrLate
  },
  "interim responses without end": {
    script: endless("", Buffer.from("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(1000))),
    token: late
  },
  "half of a response, and the end": {
    script: ending(goodToken.slice(0, -20)),
    token: gone,
    api: /^ResponseError Decode$/
  },
  "half of the headers, and the end": {
    script: ending(goodToken.slice(0, 30)),
    token: gone,
    api: /^RequestError Transport$/
  },
  "a length that is too long": {
    script: bytes(head("content-length: 1000") + tokenBody),
    token: late,
    api: /^TimeoutException$/
  },
  "a length that is too long, and the end": {
    script: ending(head("content-length: 1000") + tokenBody),
    token: gone,
    api: /^ResponseError Decode$/
  },
  "a length that is too short": { script: bytes(head("content-length: 10") + tokenBody), token: foreign, api: /^ok$/ },
  "a length that is none": {
    script: bytes(head("content-length: ten") + tokenBody),
    token: gone,
    api: /^RequestError Transport$/
  },
  "a negative length": {
    script: bytes(head("content-length: -1") + tokenBody),
    token: gone,
    api: /^RequestError Transport$/
  },
  "two lengths": {
    script: bytes(head("content-length: 10", `content-length: ${tokenBody.length}`) + tokenBody),
    token: gone,
    api: /^RequestError Transport$/
  },
  "a length and chunks": {
    script: bytes(head("content-length: 10", "transfer-encoding: chunked") + `5\r\nabcde\r\n0\r\n\r\n`),
    token: gone,
    api: /^RequestError Transport$/
  },
  "no length, and the end": { script: ending(head() + tokenBody), token: /^ok$/, api: /^ok$/ },
  // Transports take a reset for the end here.
  "half of a response without length, and a reset": {
    script: reset(Buffer.from(head() + tokenBody.slice(0, 20))),
    token: /^TokenEndpointUnavailable connection [A-Z_]+$|^InvalidTokenResponse with application\/json instead of/
  },
  "a chunk that is none": { script: bytes(head("transfer-encoding: chunked") + "zz\r\n{}"), token: gone },
  "a chunk longer than any": {
    script: bytes(head("transfer-encoding: chunked") + "ffffffffffffffffff\r\n{}"),
    token: gone
  },
  "a chunk without its end": { script: bytes(head("transfer-encoding: chunked") + "2\r\n{}0\r\n\r\n"), token: gone },
  "chunks without the last one, and the end": {
    script: ending(head("transfer-encoding: chunked") + `${tokenBody.length.toString(16)}\r\n${tokenBody}\r\n`),
    token: gone,
    api: /^ResponseError Decode$/
  },
  "an unrequested 100 Continue, before the response": {
    script: bytes("HTTP/1.1 100 Continue\r\n\r\n", goodToken),
    token: { "node:http": /^ok$/, others: gone },
    api: { "node:http": /^ok$/, others: /^RequestError Transport$/ }
  },
  "hints before the response": {
    script: bytes(
      "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
      goodToken
    ),
    token: /^ok$/,
    api: /^ok$/
  },
  "another protocol": {
    script: bytes("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"),
    token: /^TokenEndpointUnavailable (connection [A-Z_]+|timeout 300ms)$|^InvalidTokenResponse with no content type/,
    isKept: true
  },
  "no HTTP at all": { script: bytes("SSH-2.0-OpenSSH_9.2\r\n"), token: gone, api: /^RequestError Transport$/ },
  "an old HTTP": { script: ending(tokenBody), token: gone, api: /^RequestError Transport$/ },
  "zeros": { script: bytes(Buffer.alloc(1000)), token: gone, api: /^RequestError Transport$/ },
  "a TLS alert where there is no TLS": {
    script: ending(Buffer.from([21, 3, 1, 0, 2, 2, 40])),
    token: gone,
    api: /^RequestError Transport$/
  },
  "a header with a line break that is none": {
    script: bytes(
      `HTTP/1.1 200 OK\r\nx-a: b\rc: d\r\n${json}\r\ncontent-length: ${tokenBody.length}\r\n\r\n${tokenBody}`
    ),
    token: gone,
    api: /^RequestError Transport$/
  },
  "half of what gzip made": {
    script: bytes(`${head("content-encoding: gzip", "content-length: 20")}`, gzipSync(tokenBody).subarray(0, 20)),
    token: {
      fetch: /^TokenEndpointUnavailable connection [A-Z_]+$|^InvalidTokenResponse/,
      others: /^TokenEndpointUnavailable connection ContentCodingError$/
    }
  },
  "what gzip did not make": {
    script: bytes(`${head("content-encoding: gzip", `content-length: ${tokenBody.length}`)}${tokenBody}`),
    token: { fetch: /^TokenEndpointUnavailable connection [A-Z_]+$/, others: /^ok$/ }
  }
}

describe("in a pool of one connection", () => {
  for (const name of names) {
    describe(`over ${name}`, () => {
      for (const [fault, { api: apiOutcome, isKept = false, script, token: outcome }] of Object.entries(faults)) {
        it.effect(`a token request with the response: ${fault}`, () =>
          leavingNothing(Effect.gen(function*() {
            const server = yield* faultServer.start()
            const { ask } = yield* endpoint(server.origin, transports()[name])
            server.answer(script)
            const grown = growth()
            const wanted = expected(outcome, name)
            const faulty = isLate(wanted)
              ? yield* endedByDeadline(ask, () => server.requests.length === 1)
              : yield* ended(ask)
            assert.isBelow(yield* grown, memoryLimit)
            assert.match(faulty, wanted)
            server.answer(bytes(goodToken))
            assert.strictEqual(yield* ended(ask), "ok")
            // A connection that was closed before the response is retried once at once.
            const isClosed = /(ECONNRESET|UND_ERR_SOCKET|EPIPE)$/.test(faulty)
            assert.include(isClosed ? [2, 3] : [2], server.requests.length)
            const left = isKept && name === "node:http" ? 2 : 1
            yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= left)
          })))

        if (apiOutcome !== undefined) {
          it.effect(`a call with the response: ${fault}`, () =>
            leavingNothing(Effect.gen(function*() {
              const server = yield* faultServer.start()
              const call = Effect.timeout((yield* api(server.origin, transports()[name])).call, deadline)
              server.answer((socket, request) =>
                request.startsWith("POST /token") ? bytes(goodToken)(socket, request) : script(socket, request)
              )
              const wanted = expected(apiOutcome, name)
              assert.match(
                isLate(wanted)
                  ? yield* endedByDeadline(call, () => server.requests.length === 2)
                  : yield* ended(call),
                wanted
              )
              server.answer(bytes(goodItems))
              assert.strictEqual(yield* ended(call), "ok")
              yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= 1)
            })))
        }
      }
    })
  }
})

/** Cuts the response at every byte, or at a sample that includes the bytes around the end of the headers. */
const cuts = (name: string, answer: string, cut: (part: Buffer) => faultServer.Script) => {
  const headers = answer.indexOf("\r\n\r\n")
  const edges = [headers + 3, headers + 4, headers + 5]
  const every = Array.from({ length: answer.length }, (_, at) => at)
  const sampled = sample(`cuts of ${name}`, every, 2)
  return every.filter((at) => sampled.includes(at) || edges.includes(at)).map((at) =>
    [at, cut(Buffer.from(answer.slice(0, at)))] as const
  )
}

describe("cut off at every byte", () => {
  for (const name of names) {
    for (const [how, cut] of Object.entries({ reset, end: (part: Buffer) => ending(part) })) {
      it.effect(`a token response over ${name}, by ${how}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const { ask } = yield* endpoint(server.origin, transports()[name])
          const headers = goodToken.indexOf("\r\n\r\n") + 4
          for (const [at, script] of cuts(`a token response over ${name}, by ${how}`, goodToken, cut)) {
            const sent = server.requests.length
            server.answer(script)
            assert.match(yield* ended(ask), gone, `at byte ${at}`)
            // A request whose connection is closed before the response begins is sent twice; a reset may overtake data
            // sent before it.
            const allowed = at === 0 ? [2] : at < headers || how === "reset" ? [1, 2] : [1]
            assert.include(allowed, server.requests.length - sent, `requests at byte ${at}`)
          }
          const sent = server.requests.length
          server.answer(bytes(goodToken))
          assert.strictEqual(yield* ended(ask), "ok")
          assert.strictEqual(server.requests.length, sent + 1)
          yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= 1)
        })))

      it.effect(`an API's response over ${name}, by ${how}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const call = Effect.timeout((yield* api(server.origin, transports()[name])).call, deadline)
          const answer = (script: faultServer.Script) =>
            server.answer((socket, request) =>
              request.startsWith("POST /token") ? bytes(goodToken)(socket, request) : script(socket, request)
            )
          const headers = goodItems.indexOf("\r\n\r\n") + 4
          for (const [at, script] of cuts(`an API response over ${name}, by ${how}`, goodItems, cut)) {
            answer(script)
            // A reset may overtake data sent before it.
            const outcome = at < headers
              ? /^RequestError Transport$/
              : how === "end"
              ? /^ResponseError Decode$/
              : /^(RequestError Transport|ResponseError Decode)$/
            assert.match(yield* ended(call), outcome, `at byte ${at}`)
          }
          answer(bytes(goodItems))
          assert.strictEqual(yield* ended(call), "ok")
          assert.strictEqual(server.requests.filter((text) => text.startsWith("POST")).length, 1)
          yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= 1)
        })))

      it.effect(`a 401, which is replayed as soon as its status is read, over ${name}, by ${how}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const rejection = response("401 Unauthorized", "rejected", "www-authenticate: Bearer error=\"invalid_token\"")
          const headers = rejection.indexOf("\r\n\r\n") + 4
          const outcomes = new Map<string, number>()
          for (const [at, script] of cuts(`a 401 over ${name}, by ${how}`, rejection, cut)) {
            yield* Effect.scoped(Effect.gen(function*() {
              const call = Effect.timeout((yield* api(server.origin, transports()[name])).call, deadline)
              let calls = 0
              server.answer((socket, request) => {
                if (request.startsWith("POST /token")) {
                  // Another token each time.
                  bytes(numberedToken(calls))(socket, request)
                } else if ((calls += 1) === 1) script(socket, request)
                else bytes(goodItems)(socket, request)
              })
              const outcome = yield* ended(call)
              outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
              if (at < headers) assert.strictEqual(outcome, "RequestError Transport", `at byte ${at}`)
              else if (how === "end") assert.strictEqual(outcome, "ok", `at byte ${at}`)
              else assert.match(outcome, /^(RequestError Transport|ok)$/, `at byte ${at}`)
            }))
          }
          yield* eventually(() => `${server.open.size} connections, none`, () => server.open.size === 0)
        })))
    }
  }
})

describe("a 401 is replayed", () => {
  const rejection = (...headers: ReadonlyArray<string>) =>
    [`HTTP/1.1 401 Unauthorized`, `www-authenticate: Bearer error="invalid_token"`, ...headers, "", ""].join("\r\n")

  for (const name of names) {
    for (
      const [body, script] of Object.entries<faultServer.Script>({
        "that has no end": endless(rejection(), block),
        "that comes a byte at a time": drip(rejection("content-length: 1000000"), " "),
        "that stops": bytes(rejection("content-length: 1000"), "..."),
        "of bad chunks": bytes(rejection("transfer-encoding: chunked"), "zz\r\n"),
        "that expands to more than a gibibyte": (socket, request) =>
          bytes(rejection("content-encoding: gzip", `content-length: ${bombs.gzip().length}`), bombs.gzip())(
            socket,
            request
          )
      })
    ) {
      it.effect(`over ${name}, with a body ${body}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const { call } = yield* api(server.origin, transports()[name], "1 hour")
          let calls = 0
          server.answer((socket, request) => {
            if (request.startsWith("POST /token")) {
              bytes(numberedToken(calls))(socket, request)
            } else if ((calls += 1) === 1) {
              script(socket, request)
            } else bytes(goodItems)(socket, request)
          })
          const grown = growth()
          // Reading the body is limited to a second.
          assert.strictEqual(yield* endedInSeconds(call, () => calls > 0), "ok")
          assert.isBelow(yield* grown, memoryLimit)
          yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= 1)
        })))
    }
  }
})

/** A small body of more than a gibibyte, built by repeating one piece. */
const deflated = (() => {
  let raw: Buffer | undefined
  return () => {
    if (raw === undefined) {
      const piece = deflateRawSync(Buffer.alloc(16 * 1_048_576), { finishFlush: constants.Z_FULL_FLUSH })
      raw = Buffer.concat([...Array.from({ length: 66 }, () => piece), deflateRawSync(Buffer.alloc(0))])
    }
    return raw
  }
})()

const bombs = {
  gzip: () => Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), deflated()]),
  deflate: () => Buffer.concat([Buffer.from([0x78, 0x9c]), deflated()]),
  "gzip, gzip": () => gzipSync(bombs.gzip()),
  br: () => brotli
}

let brotli = Buffer.alloc(0)

beforeAll(async () => {
  const chunks: Array<Buffer> = []
  const compress = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
  compress.on("data", (chunk: Buffer) => chunks.push(chunk))
  const zeros = Buffer.alloc(16 * 1_048_576)
  for (let written = 0; written < 66; written += 1) {
    await new Promise<void>((resolve, reject) => compress.write(zeros, (error) => error ? reject(error) : resolve()))
  }
  await new Promise<void>((resolve) => compress.end(resolve))
  brotli = Buffer.concat(chunks)
})

describe("a small body that expands to more than a gibibyte", () => {
  for (const name of names) {
    for (const [coding, make] of Object.entries(bombs)) {
      it.effect(`is not read to its end over ${name}: ${coding}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const { ask } = yield* endpoint(server.origin, transports()[name])
          const bomb = make()
          server.answer(bytes(head(`content-encoding: ${coding}`, `content-length: ${bomb.length}`), bomb))
          const grown = growth()
          const outcome = yield* ended(ask)
          assert.match(
            outcome,
            name === "fetch" ? long : /^InvalidTokenResponse with (more than 1048576|application\/json)/
          )
          assert.isBelow(yield* grown, memoryLimit)
          server.answer(bytes(goodToken))
          assert.strictEqual(yield* ended(ask), "ok")
        })))
    }
  }
})

describe("an unrequested response", () => {
  for (const name of names) {
    for (const [when, delay] of [["together with the requested one", 0], ["after the requested one", 30]] as const) {
      it.effect(`is returned to no caller, over ${name}, when it arrives ${when}`, () =>
        leavingNothing(Effect.gen(function*() {
          const server = yield* faultServer.start()
          const { call } = yield* api(server.origin, transports()[name])
          const poison = response("200 OK", "poison")
          let [calls, poisoned] = [0, 0]
          server.answer((socket, request) => {
            if (request.startsWith("POST /token")) return bytes(goodToken)(socket, request)
            const right = response("200 OK", `right ${calls += 1}`)
            if (delay === 0) socket.write(right + poison)
            else {
              socket.write(right)
              setTimeout(() => {
                if (socket.destroyed) poisoned += 1
                else socket.write(poison, () => (poisoned += 1))
              }, delay)
            }
          })
          for (let round = 1; round <= 5; round += 1) {
            // A connection that is closed during a call is an error, not a response.
            const text = yield* Effect.either(call)
            if (Either.isRight(text)) assert.strictEqual(text.right, `right ${calls}`)
            else assert.isDefined(httpErrors.kindOf(text.left), text.left._tag)
            if (delay === 0) continue
            // It is in transit; both ends are in this process, so it has arrived after the next round of timers.
            yield* eventually(() => `${poisoned} of ${calls} unrequested responses`, () => poisoned === calls)
            yield* pause(delay)
          }
          yield* eventually(() => `${server.open.size} connections, one at most`, () => server.open.size <= 1)
        })))
    }
  }
})

describe("without a connection", () => {
  for (const name of names) {
    it.effect(`over ${name}: a name that does not exist`, () =>
      leavingNothing(Effect.gen(function*() {
        const { ask } = yield* endpoint("https://token.invalid", transports()[name])
        assert.match(
          yield* endedByDeadline(ask, () => true),
          /^TokenEndpointUnavailable (connection (ENOTFOUND|EAI_AGAIN)|timeout 300ms)$/
        )
      })))

    it.effect(`over ${name}: a refused connection, then a server that is up`, () =>
      leavingNothing(Effect.gen(function*() {
        const origin = yield* servers.closed
        const { ask } = yield* endpoint(origin, transports()[name])
        for (let round = 0; round < 3; round += 1) {
          assert.match(yield* ended(ask), /^TokenEndpointUnavailable connection ECONNREFUSED$/)
        }
        const server = yield* faultServer.start({ port: Number(new URL(origin).port) })
        server.answer(bytes(goodToken))
        assert.strictEqual(yield* ended(ask), "ok")
      })))
  }
})

describe("a handshake", () => {
  for (const name of names) {
    it.effect(
      `over ${name}, cut off, drawn out, or followed by other data`,
      () =>
        leavingNothing(Effect.gen(function*() {
          const ca = yield* certificates.authority("trusted")
          const behind = yield* faultServer.start({ tls: yield* certificates.server(ca) })
          behind.answer(bytes(goodToken))
          /** The handler of the relay in between: which data it forwards. */
          let between: (client: Net.Socket) => void = () => undefined
          const front = yield* faultServer.start({ onConnection: (socket) => between(socket) })
          const relayed =
            (forward: (client: Net.Socket, data: Buffer, before: number) => void) => (client: Net.Socket) => {
              const upstream = Net.connect(behind.port, "127.0.0.1")
              let before = 0
              upstream.on("error", () => client.destroy()).on("data", (data) => {
                forward(client, data, before)
                before += data.length
              }).on("close", () => client.end())
              client.on("data", (data) => upstream.write(data)).on("close", () => upstream.destroy())
            }
          let whole = 0
          const complete = relayed((client, data) => {
            whole += data.length
            client.write(data)
          })
          const cut = (at: number, finish: (client: Net.Socket) => void) =>
            relayed((client, data, before) => {
              if (before > at) return
              const part = data.subarray(0, at - before)
              if (part.length < data.length) client.write(part, () => finish(client))
              else client.write(part)
            })
          const { ask } = yield* endpoint(front.origin, transports(ca.cert)[name])

          for (
            const text of [goodToken, "SSH-2.0-OpenSSH_9.2\r\n", "\0".repeat(500), "\x16\x03\x03\xff\xff".repeat(100)]
          ) {
            between = (client) => client.once("data", () => client.write(text, "latin1"))
            // The client waits for the rest of a record that claims to be long.
            const isLong = text.startsWith("\x16")
            assert.match(
              yield* isLong ? endedByDeadline(ask, () => true) : ended(ask),
              isLong ? goneOrLate : gone,
              JSON.stringify(text.slice(0, 20))
            )
          }
          /** Requests until a response arrives: a handshake that Undici continues blocks requests until its limit. */
          const answered = Effect.gen(function*() {
            between = complete
            for (;;) {
              whole = 0
              const outcome = yield* ended(ask)
              if (outcome === "ok") break
              assert.match(outcome, /UND_ERR_CONNECT_TIMEOUT$/)
            }
          })
          const recovered = Effect.gen(function*() {
            yield* answered
            for (const socket of front.open) socket.destroy()
            yield* eventually(() => `${front.open.size} connections, none`, () => front.open.size === 0)
          })
          const silent = /timeout 300ms$|UND_ERR_CONNECT_TIMEOUT$/
          between = () => undefined
          assert.match(yield* endedByDeadline(ask, () => true), silent)
          yield* recovered
          between = (client) => client.end()
          assert.match(yield* ended(ask), gone)
          between = (client) => client.resetAndDestroy()
          assert.match(yield* ended(ask), gone)

          yield* answered
          const size = whole
          assert.isAbove(size, 1000)
          for (const socket of front.open) socket.destroy()
          yield* eventually(() => "closed", () => front.open.size === 0)
          const places = Array.from({ length: size - goodToken.length - 40 }, (_, at) => at).filter((at) =>
            at % 29 === 0
          )
          for (const at of sample(`cuts of a handshake over ${name}`, places, 2)) {
            between = cut(at, (client) => client.end())
            assert.match(yield* ended(ask), gone, `ended at byte ${at}`)
            between = cut(at, (client) => client.resetAndDestroy())
            assert.match(yield* ended(ask), gone, `reset at byte ${at}`)
          }
          for (const at of [3, 200, 900]) {
            between = cut(at, () => undefined)
            assert.match(yield* endedByDeadline(ask, () => true), silent, `silent from byte ${at}`)
            yield* recovered
          }
          yield* answered
          yield* eventually(() => `${front.open.size} connections, one at most`, () => front.open.size <= 1)
        })),
      1_800_000
    )
  }
})

it.effect("the deadline of the cache applies when that of the endpoint does not", () =>
  leavingNothing(Effect.gen(function*() {
    const server = yield* faultServer.start()
    server.answer(() => undefined)
    const services = yield* Layer.build(Layer.provide(
      ClientCredentials.layer({
        ...config(server.origin),
        tokenEndpoint: { timeout: "1 hour" },
        tokenCache: { retryTimeout: 0, requestTimeout: deadline }
      }),
      transports().Undici
    ))
    const { get } = yield* Effect.provide(TokenCache.TokenCache, services)
    const outcomes = yield* Effect.all(
      Array.from({ length: 20 }, () => endedByDeadline(get, () => server.requests.length === 1)),
      { concurrency: "unbounded" }
    )
    for (const outcome of outcomes) assert.match(outcome, late)
    assert.strictEqual(server.requests.length, 1)
    yield* eventually(() => `${server.open.size} connections, none`, () => server.open.size === 0)
  })))
