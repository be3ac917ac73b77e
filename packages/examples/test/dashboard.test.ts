/**
 * The dashboard and the alert rules of guides/monitoring on a real fleet, monitored by a real Prometheus: each query
 * has data, under the names of both exporters, and each alert fires. `npm run dashboard` writes the picture of it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

import * as redisServer from "../../redis/test/redisServer.js"
import * as picture from "./monitoring/picture.js"
import * as prometheus from "./monitoring/prometheus.js"
import * as monitoring from "./monitoring/run.js"

const path = (name: string) => fileURLToPath(new URL(`../../../guides/monitoring/${name}`, import.meta.url))
const read = (name: string) => readFileSync(path(name), "utf8")

const Dashboard = Schema.parseJson(Schema.Struct({
  panels: Schema.Array(Schema.Struct({
    title: Schema.String,
    gridPos: Schema.Struct({ x: Schema.Number, y: Schema.Number, w: Schema.Number, h: Schema.Number }),
    fieldConfig: Schema.Struct({ defaults: Schema.Struct({ unit: Schema.String }) }),
    targets: Schema.Array(Schema.Struct({ expr: Schema.String, legendFormat: Schema.String }))
  }))
}))

const { panels } = Schema.decodeSync(Dashboard)(read("dashboard.json"))

const alerts = [...read("alerts.yml").matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name)

/** Replaces the variables of Grafana in a query. */
const query = (expression: string, job: string) =>
  expression.replaceAll("$job", job).replaceAll("$__rate_interval", "10s")

const isInstalled = prometheus.isInstalled && redisServer.isInstalled
const suite = isInstalled ? describe : describe.skip

suite(`the dashboard${isInstalled ? "" : " (skipped: Prometheus or Redis is not installed)"}`, () => {
  it.scopedLive(
    "has data in each panel, and each alert fires, by the names of both exporters",
    () =>
      Effect.gen(function*() {
        const { range, steps } = yield* monitoring.run(path("alerts.yml"))
        const [first, last] = [steps[0]?.from ?? 0, steps.at(-1)?.from ?? 0]
        for (const job of Object.values(monitoring.jobs)) {
          const found = yield* Effect.forEach(
            panels,
            ({ fieldConfig, gridPos, targets, title }) =>
              Effect.gen(function*() {
                const lines = yield* Effect.forEach(targets, ({ expr, legendFormat }) =>
                  Effect.map(range(query(expr, job), first, last), (all) => {
                    const values = all.flatMap((one) => one.values.map(([, value]) => value))
                    assert.isTrue(values.some(Number.isFinite), `${job}, ${title}: ${expr}`)
                    return all.map(({ metric, values }) => ({
                      name: legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) =>
                        metric[label] ?? ""),
                      values
                    }))
                  }))
                return { title, unit: fieldConfig.defaults.unit, place: gridPos, lines: lines.flat() }
              })
          )
          const raised = yield* range(`count by (alertname) (ALERTS{job="${job}"})`, first, last)
          assert.sameMembers(raised.map(({ metric }) => metric["alertname"]), alerts)
          if (job === monitoring.jobs.exporter && process.env["DASHBOARD"] === "write") {
            writeFileSync(path("dashboard.svg"), picture.draw(found, steps))
          }
        }
      }).pipe(Effect.provide(NodeHttpClient.layerUndici)),
    600_000
  )
})

it("the picture of the dashboard shows its panels", () => {
  const titles = [...read("dashboard.svg").matchAll(/class="title">([^<]*)</g)].map(([, title]) => title)
  assert.deepStrictEqual(titles, panels.map(({ title }) => title))
})
