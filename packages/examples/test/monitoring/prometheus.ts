/**
 * A real Prometheus on a free port of 127.0.0.1 until the scope closes, and its queries.
 */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Schedule, Schema } from "effect"

import { freePort } from "../../../sql/test/server.js"

export const isInstalled = spawnSync("prometheus", ["--version"]).status === 0

if (!isInstalled) console.log("No Prometheus on this machine: its tests are skipped.")

const Sample = Schema.Tuple(Schema.Number, Schema.NumberFromString)

const Answer = Schema.Struct({
  data: Schema.Struct({
    result: Schema.Array(Schema.Struct({
      metric: Schema.Record({ key: Schema.String, value: Schema.String }),
      /** Time in seconds since the epoch, and the value. */
      values: Schema.Array(Sample)
    }))
  })
})

export type Series = typeof Answer.Type["data"]["result"][number]

export interface Target {
  readonly job: string
  readonly path: string
  readonly ports: ReadonlyArray<number>
}

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-oauth-prometheus-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Starts a Prometheus that scrapes these targets and evaluates this file of alert rules, each second. */
export const start = (targets: ReadonlyArray<Target>, rules: string) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const path = yield* directory
    const http = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const config = {
      global: { scrape_interval: "1s", evaluation_interval: "1s" },
      rule_files: [rules],
      scrape_configs: targets.map((one) => ({
        job_name: one.job,
        metrics_path: one.path,
        static_configs: [{ targets: one.ports.map((port) => `127.0.0.1:${port}`) }]
      }))
    }
    // JSON is YAML.
    writeFileSync(join(path, "prometheus.yml"), JSON.stringify(config))
    const options = [
      `--config.file=${join(path, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(path, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`
    ]
    yield* Effect.acquireRelease(
      Effect.sync(() => spawn("prometheus", options, { stdio: "ignore" })),
      (child) =>
        Effect.async<void>((resume) => {
          child.once("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
    )
    yield* Effect.retry(http.get(`http://127.0.0.1:${port}/-/ready`), Schedule.spaced("50 millis"))

    /** Returns the values of an expression from one time to another, in seconds since the epoch. */
    const range = (expression: string, from: number, to: number) =>
      HttpClientRequest.get(`http://127.0.0.1:${port}/api/v1/query_range`, {
        urlParams: { query: expression, start: from, end: to, step: 1 }
      }).pipe(
        http.execute,
        Effect.flatMap(HttpClientResponse.schemaBodyJson(Answer)),
        Effect.map(({ data }) => data.result)
      )
    return { range }
  })
