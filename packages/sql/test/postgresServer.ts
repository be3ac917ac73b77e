/**
 * A real Postgres, and a PgBouncer before one.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { Effect } from "effect"

import { directory, freePort, launch, userOf } from "./server.js"

const root = "/usr/lib/postgresql"

/** Debian keeps the server's programs out of the path. */
const programs = existsSync(root)
  ? readdirSync(root).map((version) => join(root, version, "bin")).filter((path) => existsSync(join(path, "initdb")))
    .at(-1)
  : undefined

export const isInstalled = programs !== undefined

if (!isInstalled) console.log("No Postgres server on this machine: its tests are skipped.")

const urlOf = (port: number) => `postgres://tester@127.0.0.1:${port}/postgres`

export const start = (settings: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const user = userOf("postgres")
    const cwd = yield* directory("postgres", user)
    const data = join(cwd, "data")
    spawnSync(
      join(programs ?? "", "initdb"),
      ["-D", data, "-U", "tester", "--auth", "trust", "--no-sync"],
      { ...user, stdio: "ignore", cwd }
    )
    const server = yield* launch({
      command: [
        join(programs ?? "", "postgres"),
        ...["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", cwd, "-F"],
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
      ],
      cwd,
      ready: "ready to accept connections",
      user
    })
    return { ...server, port, url: urlOf(port), urlOf }
  })

const bouncer = "/usr/sbin/pgbouncer"

export const isBouncerInstalled = isInstalled && existsSync(bouncer)

if (!isBouncerInstalled) console.log("No PgBouncer on this machine: its tests are skipped.")

/** Starts a PgBouncer in transaction mode, which has two connections to Postgres, and returns its port. */
export const startBouncer = (postgresPort: number) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const user = userOf("postgres")
    const cwd = yield* directory("pgbouncer", user)
    const settings = join(cwd, "pgbouncer.ini")
    writeFileSync(
      settings,
      `[databases]
postgres = host=127.0.0.1 port=${postgresPort} dbname=postgres user=tester
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 500
`
    )
    yield* launch({ command: [bouncer, settings], cwd, ready: "process up", user })
    return port
  })
