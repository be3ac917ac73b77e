/**
 * A small fleet with a fault of each kind, monitored by a real Prometheus: three workers that share a token, and a job
 * of another client whose daily limit is reached. Each step waits for the expected data.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Schedule } from "effect"
import { generate } from "selfsigned"

import * as redisServer from "../../../redis/test/redisServer.js"
import { freePort } from "../../../sql/test/server.js"
import { program } from "../support.js"
import * as prometheus from "./prometheus.js"

/** Jobs with the names of OpenTelemetry's exporter, and with the names of OTLP. */
export const jobs = { exporter: "inventory-sync", otlp: "inventory-sync-otlp" } as const

/** A step of the run from a time on, in seconds since the epoch. Faults have a number. */
export interface Step {
  readonly name: string
  readonly from: number
  readonly fault: string | undefined
}

const clients = [{ id: "inventory-sync", secret: "s3cr3t-1" }, { id: "nightly-job", secret: "s3cr3t-2" }]

const startWorker = (environment: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const launch = () =>
      spawn(process.execPath, [program("monitored-worker")], {
        env: { PATH: process.env["PATH"], ...environment },
        stdio: "ignore"
      })
    let child: ChildProcess = launch()
    yield* Effect.addFinalizer(() => Effect.sync(() => child.kill("SIGKILL")))
    const restart = Effect.async<void>((resume) => {
      child.once("exit", () => {
        child = launch()
        resume(Effect.void)
      })
      child.kill("SIGKILL")
    })
    return { restart }
  })

/** Creates the files of a client certificate that expires in 10 days, which is soon enough for its alert. */
const certificate = Effect.gen(function*() {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "dashboard-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )
  const { cert, private: key } = yield* Effect.promise(() =>
    generate([{ name: "commonName", value: "worker" }], {
      keyType: "ec",
      notAfterDate: new Date(Date.now() + 10 * 86_400_000)
    })
  )
  const [certificateFile, keyFile] = [join(directory, "tls.crt"), join(directory, "tls.key")]
  writeFileSync(certificateFile, cert)
  writeFileSync(keyFile, key)
  return { OAUTH_TLS_CERTIFICATE_FILE: certificateFile, OAUTH_TLS_KEY_FILE: keyFile }
})

const now = Effect.sync(() => Date.now() / 1000)

/** Runs the fleet. `range` queries the Prometheus, which has the data of all steps. */
export const run = (rules: string) =>
  Effect.gen(function*() {
    const { api, environment, server } = yield* Loopback.start({ server: { tokenLife: "22 seconds", clients } })
    const redis = yield* redisServer.start
    const ports = yield* Effect.all([freePort, freePort, freePort, freePort])
    const { range } = yield* prometheus.start([
      { job: jobs.exporter, path: "/metrics", ports },
      { job: jobs.otlp, path: "/metrics/otlp", ports }
    ], rules)
    const shared = {
      ...environment,
      ...(yield* certificate),
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      TOKEN_STORE_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")
    }
    const steps: Array<Step> = []
    const begin = (name: string) => Effect.map(now, (from) => steps.push({ name, from, fault: undefined }))
    let faults = 0
    const beginFault = (name: string) =>
      Effect.map(now, (from) => steps.push({ name, from, fault: String(faults += 1) }))
    /** Waits until Prometheus has a value of this expression. */
    const until = (expression: string) =>
      Effect.flatMap(now, (at) => range(expression, at, at)).pipe(
        Effect.repeat({ until: (found) => found.length > 0, schedule: Schedule.spaced("200 millis") })
      )

    /** Waits until an alert is pending or firing, by the names of both exporters. */
    const raised = (alert: string) => until(`count(count by (job) (ALERTS{alertname="${alert}"})) == 2`)

    yield* begin("start")
    const [port, ...others] = ports
    const workers = yield* Effect.forEach(
      others,
      (port) => startWorker({ ...shared, METRICS_PORT: String(port), LIMIT: "100" })
    )
    yield* startWorker({
      ...shared,
      METRICS_PORT: String(port),
      OAUTH_CLIENT_ID: clients[1]?.id ?? "",
      OAUTH_CLIENT_SECRET: clients[1]?.secret ?? "",
      PATTERN: "job",
      LIMIT: "3"
    })
    yield* until("sum(increase(oauth_token_renewed_ahead_count[1m])) > 2")

    yield* beginFault("issuer down")
    // With a quota in the form of Auth0, which limits nothing here.
    const quota = { "Auth0-Client-Quota-Limit": "b=per_day;q=1000;r=900;t=43200" }
    yield* server.faults.rule(({ endpoint }) => endpoint === "token" ? Fault.answer(503, "", quota) : undefined)
    yield* raised("OAuthTokenRefreshFailing")
    yield* raised("OAuthCallsWithoutToken")

    yield* begin("issuer back")
    yield* server.faults.clear
    // The job may have reached its limit already, and its calls fail from then on. Without a failure there is no series.
    const ofWorkers = `oauth_cache_outcome="failed",instance!="127.0.0.1:${port}"`
    yield* until(`(sum(rate(oauth_token_cache_total{${ofWorkers}}[5s])) or vector(0)) == 0`)

    yield* beginFault("tokens revoked")
    const revokeEarly = Effect.gen(function*() {
      // In the first half of the lifetime, with more margin than the age of the data in Prometheus.
      yield* until(
        `count(oauth_token_expires_at{job="${jobs.exporter}",oauth_client_id!="nightly-job"} - time() > 14) > 2`
      )
      const { length } = yield* server.issued
      yield* server.revoke()
      yield* Effect.repeat(server.issued, {
        until: (all) => all.length > length,
        schedule: Schedule.spaced("50 millis")
      })
    })
    yield* Effect.raceFirst(Effect.forever(revokeEarly), raised("OAuthTokensRejectedEarly"))

    yield* beginFault("API rejects")
    yield* api.reject(() => true)
    yield* until("sum(rate(oauth_api_replays_total{oauth_replay_outcome=\"rejected\"}[5s])) > 1")
    yield* raised("OAuthApiRejectsTokens")
    yield* api.reject(() => false)
    yield* begin("API accepts")
    yield* until("sum(rate(oauth_api_replays_total[5s])) == 0")

    yield* beginFault("issuer slow")
    yield* server.faults.rule(({ endpoint }) => endpoint === "token" ? Fault.delay("7 seconds") : undefined)
    yield* server.revoke()
    yield* raised("OAuthLeaseWaits")
    yield* server.faults.clear
    yield* begin("issuer fast")
    yield* until("sum(rate(oauth_token_renewed_ahead_count[5s])) > 0")

    yield* beginFault("store away")
    yield* redis.kill
    const [worker] = workers
    if (worker !== undefined) yield* worker.restart
    yield* raised("OAuthTokenStoreFailing")
    yield* raised("OAuthTokensRequestedAlone")

    yield* begin("store back")
    yield* redis.restart
    yield* until("sum(oauth_token_unused_total) > 0")
    yield* raised("OAuthBudgetExhausted")
    yield* until(
      "sum(rate(oauth_store_failures_total[5s])) == 0 and sum(rate(oauth_token_renewed_ahead_count[5s])) > 0"
    )
    yield* begin("end")
    return { range, steps }
  })
