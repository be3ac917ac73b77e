/**
 * A real MariaDB. `@effect/sql-mysql2` has no release for Effect 4.
 */
import { spawnSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { Effect } from "effect"

import { directory, freePort, launch, userOf } from "./server.js"

const program = "/usr/sbin/mariadbd"

export const isInstalled = existsSync(program)

if (!isInstalled) console.log("No MariaDB server on this machine: its tests are skipped.")

export const start = (settings: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const port = yield* freePort
    const user = userOf("mysql")
    const cwd = yield* directory("mariadb", user)
    const data = join(cwd, "data")
    spawnSync("mariadb-install-db", ["--no-defaults", `--datadir=${data}`, "--skip-test-db"], {
      ...user,
      stdio: "ignore",
      cwd
    })
    const first = join(cwd, "first.sql")
    writeFileSync(
      first,
      "CREATE DATABASE IF NOT EXISTS tests;\nCREATE USER IF NOT EXISTS tester;\nGRANT ALL ON tests.* TO tester;\n"
    )
    const server = yield* launch({
      command: [
        program,
        "--no-defaults",
        `--datadir=${data}`,
        `--socket=${join(cwd, "socket")}`,
        `--pid-file=${join(cwd, "pid")}`,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        `--init-file=${first}`,
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=16M",
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
      ],
      cwd,
      ready: "ready for connections",
      user
    })
    return { ...server, port, urlOf: (at: number) => `mysql://tester@127.0.0.1:${at}/tests` }
  })
