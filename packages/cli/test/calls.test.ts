/**
 * Calls: what is sent, and how responses are shown.
 */
import { randomBytes } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Zlib from "node:zlib"

import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { type Duration, Effect, Either, Fiber, Stream, TestClock } from "effect"

import * as content from "../src/internal/content.js"
import * as contentType from "../src/internal/contentType.js"
import * as httpMessage from "../src/internal/httpMessage.js"
import * as jsonText from "../src/internal/jsonText.js"
import * as redaction from "../src/internal/redaction.js"
import * as redirects from "../src/internal/redirects.js"
import { formatLimit } from "../src/internal/responseBody.js"
import * as Screen from "../src/internal/Screen.js"
import * as signInPage from "../src/internal/signInPage.js"
import * as stdio from "../src/internal/stdio.js"
import * as binary from "./support/binary.js"
import * as servers from "./support/tlsServers.js"

const minute = 300_000

/** JSON that is not formatted, with a control character and one that is not UTF-8. */
const large = Buffer.from(JSON.stringify(["\x7f\xe9".padEnd(formatLimit)]), "latin1")

/** Bodies, by their Content-Encoding; some servers send deflate without the header of zlib. */
const encodings: ReadonlyArray<readonly [encoding: string, body: Uint8Array]> = [
  ["gzip", Zlib.gzipSync("compressed")],
  ["x-gzip", Zlib.gzipSync("compressed")],
  ["deflate", Zlib.deflateSync("compressed")],
  ["deflate", Zlib.deflateRawSync("compressed")],
  ["br", Zlib.brotliCompressSync("compressed")],
  ["deflate, GZIP", Zlib.gzipSync(Zlib.deflateRawSync("compressed"))],
  ["gzip", Buffer.from("compressed")],
  ["of-the-future", Buffer.from("compressed")]
]

/** Pages that users sign in by, as servers and gateways write them. */
const signInPages: ReadonlyArray<string> = [
  "<!doctype html><form action=/login><input name=user><input type='password'></form>",
  "<html><head><title>Sign in - Example</title></head></html>",
  "<!DOCTYPE html><title>Acme | Login</title>",
  "<html><body onload=\"document.forms[0].submit()\"><form method=post><input name=\"SAMLRequest\"></form></body></html>",
  "<html><meta http-equiv=\"refresh\" content=\"0; url=/oauth2/authorize?client_id=a\"></html>",
  "<html><script>window.location.href = \"https://login.example.com/common\"</script></html>",
  "<html><script>location.replace('/users/sign_in')</script></html>"
]

const otherPages: ReadonlyArray<string> = [
  "<html><title>Items</title><h1>Items</h1></html>",
  "<html><meta http-equiv=\"refresh\" content=\"30\"><p>the location is here</p></html>"
]

const start = Effect.gen(function*() {
  const { environment: env, server } = yield* Loopback.start()
  const { directory, ...user } = yield* binary.home
  let pending: (() => void) | undefined
  const url = yield* servers.http((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost")
    const encoded = encodings[Number(/^\/encoded\/(.*)/.exec(pathname)?.[1] ?? NaN)]
    if (encoded !== undefined) {
      response.writeHead(200, { "content-type": "text/plain", "content-encoding": encoded[0] })
      return response.end(encoded[1])
    }
    const [, coding, status = 200] = /^\/sign-in-page\/(identity|gzip)\/(\d+)/.exec(pathname) ?? []
    if (coding !== undefined) {
      // Longer than what is examined, so that the compressed beginning ends early.
      const page = Buffer.from(`${signInPages[0]}<!--${randomBytes(200_000).toString("base64")}-->`)
      response.writeHead(Number(status), { "content-type": "text/html; charset=utf-8", "content-encoding": coding })
      return response.end(coding === "gzip" ? Zlib.gzipSync(page) : page)
    }
    switch (pathname) {
      case "/to-sign-in":
        response.writeHead(302, { location: "/sign-in-page/gzip/200/login?c4n4ry" })
        return response.end()
      case "/silent":
        return
      case "/broken":
        response.writeHead(200, { "content-encoding": "gzip" })
        return response.end(Zlib.gzipSync("compressed").fill(0, 12))
      case "/events":
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: first\x1b[2J\n\n")
        pending = () => response.end("data: last\n\n")
        return
      case "/large":
        response.writeHead(200, { "content-type": "application/json; charset=iso-8859-1" })
        return response.end(large)
      case "/image":
        response.writeHead(200, { "content-type": "image/png" })
        return response.end(Buffer.alloc(formatLimit + 1))
      case "/xml":
        response.writeHead(200, { "content-type": "application/xml; charset=utf-8" })
        return response.end("<a><b>text</b><c/></a>")
      case "/file": {
        const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? "") ?? []
        const whole = "0123456789"
        if (from === undefined) return response.end(whole)
        if (Number(from) >= whole.length) {
          response.writeHead(416, { "content-range": `bytes */${whole.length}` })
          return response.end()
        }
        response.writeHead(206, { "content-range": `bytes ${from}-9/10` })
        return response.end(whole.slice(Number(from)))
      }
      case "/moved":
        response.writeHead(302, { location: "/seen?x=1" })
        return response.end()
      case "/away":
        response.writeHead(302, { location: "https://elsewhere.example.com/seen" })
        return response.end()
      case "/loop":
        response.writeHead(307, { location: "/loop" })
        return response.end()
      default:
        response.writeHead(200, { "content-type": "text/plain", "x-next-token": "page2", "set-cookie": "a=b" })
        return response.end(`${request.method} ${request.url} ${request.headers.host} ${request.headers.accept}`)
    }
  })
  const own = { ...env, API_BASE_URL: url }
  const run = (...args: ReadonlyArray<string>) => user.run(args, { env: own })
  const terminal = (args: ReadonlyArray<string>, started?: binary.Options["started"]) =>
    user.terminal(["call", ...args], {
      env: { ...own, NO_COLOR: "1" },
      ...(started === undefined ? {} : { started })
    })
  return { directory, end: () => pending?.(), env, run, runWith: user.run, server, terminal, url }
})

describe("a call", () => {
  it.scopedLive(
    "--offline prints the request, and sends nothing, not even a token request",
    () =>
      Effect.gen(function*() {
        const { run, server } = yield* start
        const { exitCode, stderr, stdout } = yield* run("call", "--offline", "POST", "/items", "a=1")
        assert.deepStrictEqual([exitCode, stderr], [0, ""])
        assert.match(stdout, /^POST \/items HTTP\/1\.1\n[^]*authorization: Bearer <redacted>\n[^]*\n\n\{"a": "1"\}\n+$/)
        assert.lengthOf(yield* server.received, 0)
      }),
    minute
  )

  it.scopedLive(
    "--offline fails for a URL that a call would not be sent to, in the same words",
    () =>
      Effect.gen(function*() {
        const { env, runWith, server, url } = yield* start
        const own = { env: { ...env, API_BASE_URL: `${url}/v1` } }
        for (const target of ["https://evil.example/x", "/../x", `${url}/v2`]) {
          const online = yield* runWith(["call", target], own)
          assert.deepStrictEqual([online.exitCode, online.stdout], [17, ""], `${target}: ${online.stderr}`)
          assert.deepStrictEqual(yield* runWith(["call", "--offline", target], own), online)
        }
        assert.lengthOf(yield* server.received, 0)
      }),
    minute
  )

  it.scopedLive(
    "is shown as it is sent, header by header, whatever the HTTP client",
    () =>
      Effect.gen(function*() {
        const { env, runWith } = yield* start
        const arrived: Array<string> = []
        const url = yield* servers.http((request, response) => {
          arrived.push(
            [
              `${request.method} ${request.url} HTTP/${request.httpVersion}`,
              ...Array.from({ length: request.rawHeaders.length / 2 }, (_, index) => {
                const [name = "", value = ""] = request.rawHeaders.slice(2 * index)
                const text = Buffer.from(value, "latin1").toString("utf8")
                return `${name.toLowerCase()}: ${text.replace(/token-\d+\S*/, "<redacted>")}`
              })
            ].join("\n")
          )
          response.end()
        })
        const own = { ...env, API_BASE_URL: url }
        for (const more of [{}, { OAUTH_TLS_MIN_VERSION: "TLSv1.2" }]) {
          for (
            const args of [
              ["/items"],
              ["/items", "a=1", "X-A:1"],
              ["GET", "/items?a=b", "b==c", "Accept:"],
              ["DELETE", "/items"],
              ["POST", "/items", "Host:tenant.example"],
              ["PUT", "/items", "User-Agent:x", "a=ü"],
              ["PATCH", "/items"],
              ["OPTIONS", "/items"],
              ["PURGE", "/items"],
              ["--form", "/items", "a=1"],
              ["/ü b?c=d e", "X-A:é", "X-B:1", "X-A:☃", "X-B;"]
            ]
          ) {
            const offline = yield* runWith(["call", "--offline", ...args], { env: { ...own, ...more } })
            const online = yield* runWith(["call", "--print", "H", ...args], { env: { ...own, ...more } })
            assert.deepStrictEqual([online.stderr, online.exitCode], ["", 0])
            for (const { stdout } of [offline, online]) {
              assert.strictEqual(stdout.split("\n\n", 1)[0], arrived.at(-1), args.join(" "))
            }
          }
        }
      }),
    minute
  )

  it.scopedLive(
    "takes any method, a Host, --json without a body, and no path for a method",
    () =>
      Effect.gen(function*() {
        const { run, url } = yield* start
        const { host } = new URL(url)
        assert.strictEqual((yield* run("call", "PURGE", "/items")).stdout, `PURGE /items ${host} */*`)
        assert.strictEqual(
          (yield* run("call", "/items", "Host:tenant.example")).stdout,
          "GET /items tenant.example */*"
        )
        assert.include((yield* run("call", "-j", "/items")).stdout, "application/json, */*;q=0.5")
        for (
          const [args, method, url] of [
            [["items", "a=1"], undefined, "items"],
            [["get", "items"], "GET", "items"],
            [["PROPFIND", "/x"], "PROPFIND", "/x"],
            [["M-SEARCH", "/x"], "M-SEARCH", "/x"],
            [["status", "x==1"], undefined, "status"]
          ] as const
        ) {
          const found = Either.getOrThrow(httpMessage.split(args))
          assert.deepStrictEqual([found.method, found.url], [method, url], args.join(" "))
        }
      }),
    minute
  )

  it.scopedLive(
    "ends after --timeout, with the exit code of an API that cannot be reached",
    () =>
      Effect.gen(function*() {
        const { run } = yield* start
        const ended = yield* run("call", "--timeout", "300ms", "/silent")
        assert.strictEqual(ended.exitCode, 19)
        assert.match(ended.stderr, /not finished within --timeout 300ms\./)
        assert.match((yield* run("call", "--timeout", "soon", "/x")).stderr, /--timeout soon is not a duration/)
      }),
    minute
  )

  it.scopedLive(
    "follows redirects with --follow, within the origin, and names the target otherwise",
    () =>
      Effect.gen(function*() {
        const { run } = yield* start
        const stayed = yield* run("call", "/moved")
        assert.strictEqual(stayed.exitCode, 3)
        assert.match(
          stayed.stderr,
          /returned 302\. Redirects are followed by --follow\. It redirects to http:[^?]*\/seen\.\n$/
        )
        const followed = yield* run("call", "--follow", "/moved")
        assert.match(followed.stdout, /^GET \/seen\?x=1 /)
        assert.notInclude(followed.stderr, "x=1")
        assert.match((yield* run("call", "-F", "POST", "/moved", "a=1")).stdout, /^GET \/seen\?x=1 /)
        const away = yield* run("call", "-F", "/away")
        assert.deepStrictEqual([away.exitCode, away.stdout], [3, ""])
        assert.match(
          away.stderr,
          /Not followed: it leads to another origin, .* It redirects to https:\/\/elsewhere\.example\.com\/seen\.\n$/
        )
        assert.match((yield* run("call", "-F", "/loop")).stderr, /Not followed: it is a redirect after 20 others/)
      }),
    minute
  )

  it("that is redirected keeps its method and body where the status requires it", () => {
    const message = {
      method: "POST",
      query: "",
      headers: new Map([["content-type", "a/b"], ["x-own", "1"]]),
      repeated: new Map(),
      body: new Uint8Array()
    }
    const sent = { url: "https://api.example.com/a", message }
    for (
      const [status, method, expected] of [
        [301, "POST", "GET"],
        [302, "PUT", "PUT"],
        [303, "PUT", "GET"],
        [303, "HEAD", "HEAD"],
        [307, "POST", "POST"],
        [308, "DELETE", "DELETE"]
      ] as const
    ) {
      const next = redirects.next({ ...sent, message: { ...message, method } }, status, "../b", 0)
      assert.strictEqual(next?._tag, "Follow")
      if (next?._tag !== "Follow") return
      assert.deepStrictEqual([next.sent.url, next.sent.message.method], ["https://api.example.com/b", expected])
      assert.strictEqual(next.sent.message.body === undefined, expected === "GET")
      assert.deepStrictEqual(
        [...next.sent.message.headers.keys()],
        [...(expected === "GET" ? [] : ["content-type"]), "x-own"]
      )
    }
    assert.isUndefined(redirects.next(sent, 304, "/b", 0))
    assert.strictEqual(redirects.next(sent, 302, undefined, 0)?._tag, "Stay")
    assert.strictEqual(redirects.next(sent, 302, "https://user:word@api.example.com/b", 0)?._tag, "Stay")
    assert.strictEqual(redirects.next(sent, 302, "http://api.example.com/b", 0)?._tag, "Stay")
  })
})

describe("a sign-in page in place of the response", () => {
  it("is recognized, in the form in which servers write it", () => {
    for (const page of signInPages) assert.isTrue(signInPage.is("text/html", page), page)
    for (const page of otherPages) assert.isFalse(signInPage.is("text/html", page), page)
    assert.isFalse(signInPage.is("application/json", "{\"type\":\"password\"}"))
  })

  it.scopedLive(
    "is a warning beside it, however it is sent and wherever it is written, with the exit code of the status",
    () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start
        const warning = /^warning: GET http:[^?]* returned 200 with a sign-in page\. [^]*API_BASE_URL[^]*$/
        for (const path of ["/sign-in-page/identity/200", "/sign-in-page/gzip/200"]) {
          for (const args of [[], ["--print", "h"], ["--pretty", "format"], ["--output", join(directory, "page")]]) {
            const { exitCode, stderr } = yield* run("call", path, ...args)
            assert.strictEqual(exitCode, 0)
            assert.match(stderr.split("\n").find((line) => line.startsWith("warning")) ?? "", warning, args.join(" "))
          }
        }
        assert.strictEqual((yield* run("call", "--quiet", "/sign-in-page/identity/200")).stderr, "")
        assert.match(
          (yield* run("call", "--follow", "/to-sign-in")).stderr,
          /GET \S*\/login returned 200 with a sign-in/
        )
        const redirected = yield* run("call", "/to-sign-in")
        assert.strictEqual(redirected.exitCode, 3)
        assert.match(redirected.stderr, /It redirects to \S*\/login\. This address probably signs users in/)
        const forbidden = yield* run("call", "/sign-in-page/gzip/403")
        assert.strictEqual(forbidden.exitCode, 4)
        assert.match(forbidden.stderr, /returned 403\. The response is a sign-in page\./)
        assert.match((yield* run("call", "/sign-in-page/gzip/500")).stderr, /returned 500\. The API failed/)
      }),
    minute
  )
})

describe("a response", () => {
  it.scopedLive("is decompressed, whatever the compression", () =>
    Effect.gen(function*() {
      const { run } = yield* start
      const named = encodings.map(([encoding]) => encoding)
      assert.includeMembers(named, content.acceptedEncodings.split(", "))
      for (const [index, encoding] of named.entries()) {
        assert.deepStrictEqual(
          yield* run("call", `/encoded/${index}`),
          { exitCode: 0, stdout: "compressed", stderr: "" },
          encoding
        )
      }
      const broken = yield* run("call", "/broken")
      assert.deepStrictEqual([broken.exitCode, broken.stdout], [19, ""])
      assert.match(broken.stderr, /is not valid gzip/)
    }), minute)

  it.scopedLive("of events is shown on a terminal as it arrives, and does not steer it", () =>
    Effect.gen(function*() {
      const { end, terminal } = yield* start
      // It ends when its first part was seen.
      const { stdout } = yield* terminal(["--body", "/events"], ({ stdout }) => {
        let seen = ""
        stdout?.on("data", (text: string) => {
          seen += text
          if (seen.includes("first")) end()
        })
      })
      assert.strictEqual(stdout.replaceAll("\r", ""), "data: first\\x1b[2J\n\ndata: last\n\n")
      for (const type of ["text/event-stream; charset=utf-8", "application/x-ndjson", "application/jsonl"]) {
        assert.isTrue(content.arrivesInParts(type), type)
      }
      for (const type of [undefined, "application/json", "text/plain"]) assert.isFalse(content.arrivesInParts(type))
    }), minute)

  it.scopedLive("that is large is shown as it arrives, and not formatted", () =>
    Effect.gen(function*() {
      const { run, terminal } = yield* start
      const notice = "is larger than 500.0 kB and is shown as it arrives, without formatting"
      const formatted = yield* run("call", "/large", "--pretty", "format")
      assert.deepStrictEqual([formatted.exitCode, formatted.stdout.length], [0, large.length])
      assert.include(formatted.stderr, notice)
      assert.strictEqual((yield* run("call", "/large", "--pretty", "none")).stderr, "")
      const { stdout } = yield* terminal(["--body", "/large"])
      assert.include(stdout.replace(/\s+/g, " "), notice)
      assert.include(stdout, "[\"\\x7fé  ")
      assert.match(
        (yield* terminal(["--body", "/image"])).stdout,
        /^500\.0 kB of image\/png: pass --download to save it\.\s+$/
      )
    }), minute)

  it.effect("is split where it exceeds a limit, with every byte in order", () =>
    Effect.gen(function*() {
      const bytes = Array.from({ length: 20 }, (_, index) => index)
      for (const size of [1, 3, 20]) {
        for (const limit of [0, 4, 19, 20, 50]) {
          const chunks = bytes.flatMap((from) =>
            from % size === 0 ? [Uint8Array.from(bytes.slice(from, from + size))] : []
          )
          const [begin, rest] = yield* content.split(Stream.fromIterable(chunks), limit)
          assert.isTrue(limit >= 20 ? begin.length === 20 : begin.length > limit && begin.length <= limit + size)
          const more = Array.from(yield* Stream.runCollect(rest)).flatMap((chunk) => [...chunk])
          assert.deepStrictEqual([...begin, ...more], bytes)
        }
      }
    }).pipe(Effect.scoped))

  it.scopedLive("of XML is indented, and characters of JSON are readable", () =>
    Effect.gen(function*() {
      const { terminal } = yield* start
      const { stdout } = yield* terminal(["--body", "/xml"])
      assert.strictEqual(stdout.replaceAll("\r", ""), "<a>\n    <b>text</b>\n    <c/>\n</a>\n")
      assert.isFalse(contentType.isXml("application/xhtml+xml"))
      assert.isTrue(contentType.isXml("application/problem+xml"))
      for (
        const [json, expected] of [
          ["\"caf\\u00e9\"", "\"café\""],
          ["\"\\ud83d\\ude00\"", "\"😀\""],
          ["\"\\\\u00e9\"", "\"\\\\u00e9\""],
          ["\"\\u0022\\u005c\\u001b\\u009b\\u202e\"", "\"\\u0022\\u005c\\u001b\\u009b\\u202e\""],
          ["\"\\ud83d\"", "\"\\ud83d\""],
          ["1.50", "1.50"]
        ] as const
      ) {
        assert.strictEqual(jsonText.readable({ json }).json, expected, json)
        assert.deepStrictEqual(JSON.parse(expected), JSON.parse(json))
      }
    }), minute)

  it.scopedLive(
    "has its headers in full in a pipe, and on a terminal with --show-secrets",
    () =>
      Effect.gen(function*() {
        const { run, terminal } = yield* start
        assert.match((yield* run("call", "--headers", "/x")).stdout, /x-next-token: page2\nset-cookie: a=b/)
        assert.match((yield* terminal(["--headers", "/x"])).stdout, /x-next-token: page2\r\nset-cookie: <redacted>/)
        assert.match((yield* terminal(["--headers", "--show-secrets", "/x"])).stdout, /set-cookie: a=b/)
        for (const name of ["x-ratelimit-remaining-tokens", "x-next-token", "x-continuation-token", "etag"]) {
          assert.strictEqual(redaction.header(name, "v"), "v", name)
        }
        for (
          const name of ["X-Auth-Token", "x-access-token", "X-CSRF-Token", "X-Api-Key", "client-secret", "Set-Cookie"]
        ) {
          assert.strictEqual(redaction.header(name, "v"), "<redacted>", name)
        }
      }),
    minute
  )

  it.scopedLive(
    "is continued by --continue where the file ends, and is not sent when it is whole",
    () =>
      Effect.gen(function*() {
        const { directory, run } = yield* start
        const file = join(directory, "part")
        for (const before of ["", "0123", "0123456789"]) {
          writeFileSync(file, before)
          const ended = yield* run("call", "--continue", "-o", "part", "GET", "/file")
          assert.strictEqual(ended.exitCode, 0, ended.stderr)
          assert.strictEqual(readFileSync(file, "utf8"), "0123456789")
        }
        writeFileSync(file, "0123456789ab")
        const longer = yield* run("call", "--continue", "-o", "part", "GET", "/file")
        assert.notStrictEqual(longer.exitCode, 0)
        assert.match(longer.stderr, /returned 416\. The local file has 12 bytes, more than the 10 of the server/)
        assert.strictEqual(readFileSync(file, "utf8"), "0123456789ab")
        assert.strictEqual((yield* run("call", "--continue", "/file")).exitCode, 2)
      }),
    minute
  )
})

describe("status and inspect", () => {
  it.scopedLive(
    "report by --check whether a token is usable, and show the claims of a pasted one",
    () =>
      Effect.gen(function*() {
        const { run } = yield* start
        assert.strictEqual((yield* run("status", "--check")).exitCode, 21)
        yield* run("token")
        assert.strictEqual((yield* run("status", "--check")).exitCode, 0)
        const user = yield* binary.home
        const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
        const token = `${part({ alg: "RS256" })}.${part({ aud: "https://api.example.com", exp: 1 })}.c2ln`
        for (const text of [token, `Authorization: Bearer ${token}\n`]) {
          const ended = yield* user.spawn(["inspect", "--stdin"], { input: text })
          assert.strictEqual(ended.exitCode, 0)
          assert.match(ended.stdout, /a JWT signed by RS256\n[^]*"aud": "https:\/\/api[^]*exp is 1970-01-01/)
          assert.notInclude(ended.stdout + ended.stderr, token)
        }
        assert.match(
          (yield* user.spawn(["inspect", "--stdin"], { input: "opaque" })).stdout,
          /^6 characters, opaque\n$/
        )
        assert.strictEqual((yield* user.spawn(["inspect", "--stdin"], { input: "two words" })).exitCode, 2)
      }),
    minute
  )
})

describe("headers of a response above the limit of Node.js", () => {
  it.scopedLive(
    "are an error that states how to raise it, whichever server sends them and whatever the HTTP client",
    () =>
      Effect.gen(function*() {
        const { env, runWith } = yield* start
        const { directory: _, spawn } = yield* binary.home
        const url = yield* servers.http((_, response) => {
          response.writeHead(200, { "content-type": "application/json", "x-large": "x".repeat(20_000) })
          response.end("{}")
        })
        const { OAUTH_TOKEN_URL: _token, ...discovering } = env
        const cases: ReadonlyArray<readonly [env: Readonly<Record<string, string>>, exitCode: number]> = [
          [{ ...env, API_BASE_URL: url }, 19],
          [{ ...env, OAUTH_TOKEN_URL: `${url}/token` }, 12],
          [{ ...discovering, OAUTH_ISSUER: url }, 12]
        ]
        for (const [at, exitCode] of cases) {
          for (const more of [{}, { OAUTH_TLS_MIN_VERSION: "TLSv1.2" }]) {
            const ended = yield* runWith(["call", "/large-headers"], { env: { ...at, ...more } })
            assert.deepStrictEqual([ended.exitCode, ended.stdout], [exitCode, ""], ended.stderr)
            assert.match(
              ended.stderr,
              /(?:^|\n)error: http:\S+ returns larger headers than Node\.js accepts \(16 kB by default\)\. Raise the limit by NODE_OPTIONS=--max-http/,
              ended.stderr
            )
          }
        }
        const raised = { ...env, API_BASE_URL: url, NODE_OPTIONS: "--max-http-header-size=65536" }
        assert.deepStrictEqual(yield* spawn(["call", "/"], { env: raised }), { exitCode: 0, stdout: "{}", stderr: "" })
      }),
    minute
  )
})

describe("standard input", () => {
  it.effect("without data for 2 seconds is waited for with a note, once", () =>
    Effect.gen(function*() {
      const notes: Array<string> = []
      const screen = {
        ...Screen.make({ quiet: false, verbose: false }),
        note: (line: string) => Effect.sync(() => void notes.push(line))
      }
      const read = (dataAt: Duration.DurationInput, endAt: Duration.DurationInput) =>
        Effect.gen(function*() {
          notes.length = 0
          const reading = stdio.noting((arrived) =>
            Effect.zipRight(Effect.delay(Effect.sync(arrived), dataAt), Effect.sleep(endAt))
          )
          const fiber = yield* Effect.fork(Effect.provideService(reading, Screen.Screen, screen))
          yield* TestClock.adjust("1 hour")
          yield* Fiber.join(fiber)
          return [...notes]
        })
      assert.deepStrictEqual(yield* read("1 second", "1 minute"), [])
      assert.deepStrictEqual(yield* read("1 second", 0), [])
      assert.deepStrictEqual(yield* read("1 minute", "1 minute"), [
        "Waiting for the body on standard input; pass --ignore-stdin if there is none."
      ])
    }))

  it.scopedLive("that stays open is noted, and is the body when it ends", () =>
    Effect.gen(function*() {
      const { environment: env } = yield* Loopback.start({
        api: { handler: (request) => Effect.promise(() => request.text().then((text) => new Response(text))) }
      })
      const { shell } = yield* binary.home
      const { stderr, stdout } = yield* shell("cat | eo call /items", {
        env,
        isOpen: true,
        started: ({ stderr, stdin }) => stderr?.once("data", () => stdin?.end("{}"))
      })
      assert.deepStrictEqual(
        [stdout, stderr],
        ["{}", "Waiting for the body on standard input; pass --ignore-stdin if there is none.\n"]
      )
    }), minute)
})
