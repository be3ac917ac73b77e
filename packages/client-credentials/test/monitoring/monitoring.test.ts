/**
 * The dashboard and the alert rules of guides/monitoring: they use the names that Prometheus gives to the metrics of
 * this package, and Prometheus reads them.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

import * as metrics from "../../src/internal/token/metrics.js"
import { fromRoot } from "../support/repository.js"

const path = (name: string) => fileURLToPath(fromRoot(`guides/monitoring/${name}`))
const read = (name: string) => readFileSync(path(name), "utf8")

const described = Object.values(metrics).flatMap((one) => typeof one === "object" ? [one] : [])

/** A name or an attribute as the exporters write it. */
const inPrometheus = (name: string) => name.replaceAll(/[^\w:]/g, "_")

/**
 * The series of a metric: by OpenTelemetry's exporter for Prometheus, which leaves the unit out, and by the translation of
 * OTLP, which appends it. There a gauge that counts is a ratio.
 */
const seriesOf = ({ kind, name, unit }: (typeof described)[number]): ReadonlyArray<string> => {
  const plain = inPrometheus(name)
  const names = unit === "s" ? [plain, `${plain}_seconds`] : kind === "gauge" ? [plain, `${plain}_ratio`] : [plain]
  return names.flatMap((one) =>
    kind === "counter"
      ? [`${one}_total`]
      : kind === "gauge"
      ? [one]
      : [`${one}_bucket`, `${one}_count`, `${one}_sum`]
  )
}

const known = new Set([
  ...described.flatMap(seriesOf),
  ...described.flatMap(({ attributes = [] }) => attributes.map(inPrometheus))
])

/** Returns the names of metrics and attributes in the expression. */
const named = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/\b(?:oauth|error)_\w+/g)].map(([name]) => name))

const Dashboard = Schema.parseJson(Schema.Struct({
  panels: Schema.Array(Schema.Struct({
    title: Schema.String,
    targets: Schema.NonEmptyArray(Schema.Struct({ expr: Schema.String }))
  }))
}))

const promtool = (...args: ReadonlyArray<string>) => spawnSync("promtool", [...args], { encoding: "utf8" })
const isInstalled = promtool("--version").status === 0
const withPromtool = describe.skipIf(!isInstalled)
const reason = isInstalled ? "" : " (skipped: promtool of Debian's prometheus is not installed)"

describe("the dashboard", () => {
  const dashboard = Schema.decodeSync(Dashboard)(read("dashboard.json"))
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

  it("names metrics and attributes that exist", () => {
    for (const name of named(expressions.join("\n"))) assert.isTrue(known.has(name), name)
  })

  it("shows every metric, by the names of both exporters", () => {
    const shown = named(expressions.join("\n"))
    for (const one of described) {
      const series = seriesOf(one)
      const needed = one.kind === "histogram" ? series.filter((name) => name.endsWith("_bucket")) : series
      for (const name of needed) assert.isTrue(shown.has(name), name)
    }
  })

  withPromtool(`to Prometheus${reason}`, () => {
    it("has expressions that parse", () => {
      // As a file of rules, which promtool reads without a server. JSON is YAML.
      const rules = expressions.map((expression) => ({
        record: "one",
        expr: expression.replaceAll("$__rate_interval", "1m")
      }))
      const file = join(mkdtempSync(join(tmpdir(), "dashboard-")), "rules.yml")
      writeFileSync(file, JSON.stringify({ groups: rules.map((rule, index) => ({ name: `${index}`, rules: [rule] })) }))
      const { status, stderr, stdout } = promtool("check", "rules", file)
      rmSync(dirname(file), { recursive: true })
      assert.strictEqual(status, 0, stdout + stderr)
    })
  })
})

describe("the alert rules", () => {
  it("name metrics and attributes that exist", () => {
    for (const name of named(read("alerts.yml"))) assert.isTrue(known.has(name), name)
  })

  withPromtool(`to Prometheus${reason}`, () => {
    it("are valid", () => {
      const { status, stderr, stdout } = promtool("check", "rules", path("alerts.yml"))
      assert.strictEqual(status, 0, stdout + stderr)
    })

    it("fire for the faults that they detect, and not in a quiet hour", () => {
      // In an empty directory, with the path of the rules.
      const text = readFileSync(new URL("alerts.test.yml", import.meta.url), "utf8")
      const file = join(mkdtempSync(join(tmpdir(), "alerts-")), "alerts.test.yml")
      writeFileSync(file, text.replace("../../../../guides/monitoring/alerts.yml", path("alerts.yml")))
      const { status, stderr, stdout } = promtool("test", "rules", file)
      rmSync(dirname(file), { recursive: true })
      assert.strictEqual(status, 0, stdout + stderr)
    })
  })
})
