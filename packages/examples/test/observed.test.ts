/**
 * The data that a collector receives from a real program on real servers, and its pictures and tables.
 */
import { readFileSync } from "node:fs"

import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

import { fromRoot } from "../../client-credentials/test/support/repository.js"
import * as Collector from "../src/embedded/collector.js"
import * as Embedded from "../src/embedded/environment.js"
import * as Waterfall from "../src/waterfall.js"
import { call } from "./spans.js"
import { run } from "./support.js"

const read = (path: string) => readFileSync(fromRoot(path), "utf8")

const observe = Effect.gen(function*() {
  const collector = yield* Collector.start
  const { environment } = yield* Embedded.start
  const { exitCode, stderr } = yield* run("observed", [], {
    ...environment,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url
  })
  assert.strictEqual(stderr, "")
  assert.strictEqual(exitCode, 0)
  return { collector, environment }
})

const calls = (spans: ReadonlyArray<Collector.Span>) =>
  Waterfall.waterfalls(spans).filter(({ title }) => title.includes("call"))

describe("a program that exports by OTLP", () => {
  it.scopedLive("exports the expected spans of a cold call, a warm call and a 401", () =>
    Effect.gen(function*() {
      const { collector } = yield* observe
      const found = calls(yield* collector.spans).map(({ rows }) =>
        rows.map(({ depth, linked, name, note }) =>
          `${"  ".repeat(depth)}${name}${linked ? " ~" : ""} ${note}`.trimEnd()
        )
      )
      assert.deepStrictEqual(found, [
        [
          "cold call",
          "  oauth.token.get cold",
          "  oauth.token.refresh ~ cold",
          "    oauth.token.request ~",
          "      http.client POST ~ 200",
          `  ${call("GET")} 200`
        ],
        ["warm call", `  ${call("GET")} 200`],
        [
          "call on a revoked token",
          `  ${call("GET")} 401`,
          "  oauth.api.replay accepted",
          "    oauth.token.get rejected",
          "    oauth.token.refresh ~ rejected",
          "      oauth.token.request ~",
          "        http.client POST ~ 200",
          `    ${call("GET")} 200`
        ]
      ])
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])))

  it.scopedLive("names spans and attributes by the conventions of OpenTelemetry, and shows no secret", () =>
    Effect.gen(function*() {
      const { collector, environment } = yield* observe
      const clients = (yield* collector.spans).filter(({ name }) => name === "http.client POST")
      assert.isNotEmpty(clients)
      for (const { attributes, kind } of clients) {
        assert.strictEqual(kind, 3)
        assert.sameMembers(attributes.map(({ key }) => key), [
          "http.request.method",
          "http.response.status_code",
          "server.address",
          "server.port",
          "url.full"
        ])
      }
      const all = (yield* collector.received).join("\n")
      const { OAUTH_CLIENT_SECRET: secret = "" } = environment
      for (const one of [secret, encodeURIComponent(secret), new URLSearchParams({ "": secret }).toString().slice(1)]) {
        assert.notInclude(all, one)
      }
      // The server's tokens have 43 characters; identifiers of traces have 32.
      assert.notMatch(all, /[\w-]{43}/)
      // Effect 4 exports no headers of requests.
      assert.strictEqual(all.includes("<redacted>"), all.includes("http.request.header."))
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])))

  it.scopedLive("exports metrics with the names and units of the guide", () =>
    Effect.gen(function*() {
      const { collector } = yield* observe
      const exported = (yield* collector.metrics).filter(({ name }) => name.startsWith("oauth."))
      const units = new Map(exported.map(({ name, unit }) => [name, unit]))
      assert.strictEqual(units.get("oauth.token.requests"), "1")
      assert.strictEqual(units.get("oauth.token.expires_at"), "s")
      const rows = new Map(guide.map(([name, , unit]) => [name, unit]))
      for (const [name, unit] of units) assert.strictEqual(rows.get(name), unit === "1" ? "" : unit, name)
    }).pipe(Effect.provide([NodeContext.layer, NodeHttpClient.layerUndici])))
})

/** The rows of the table of metrics: name, kind, unit. */
const guide = [...read("guides/observability.md").matchAll(/^\| `(oauth\.[\w.]+)` \| (\w+) \| (\w*) *\|/gm)]
  .map(([, name = "", kind = "", unit = ""]) => [name, kind, unit] as const)

describe("the guide to observability", () => {
  it("has an up-to-date picture of the program", () => {
    const names = [
      ...read("packages/examples/trace.svg").matchAll(/<text x="\d+" y="\d+"(?: class="title")?>([^<]*)</g)
    ]
      .map(([, name]) => name)
    assert.deepStrictEqual(names, [
      ...["cold call", "oauth.token.get", "oauth.token.refresh", "oauth.token.request", "http.client POST"],
      "http.client GET",
      ...["warm call", "http.client GET"],
      ...["call on a revoked token", "http.client GET", "oauth.api.replay", "oauth.token.get", "oauth.token.refresh"],
      ...["oauth.token.request", "http.client POST", "http.client GET"]
    ])
  })
})
