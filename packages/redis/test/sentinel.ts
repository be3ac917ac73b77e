/**
 * Two real Redis servers under a Sentinel, which alone decides which of them is the primary.
 */
import { spawnSync } from "node:child_process"

import { Effect, Scope } from "effect"

import * as redisServer from "./redisServer.js"

export const isInstalled = redisServer.isInstalled && spawnSync("redis-sentinel", ["--version"]).status === 0

type Known = Readonly<Record<string, string>>

/** Sentinel answers names and values in turn. */
const knownOf = (words: ReadonlyArray<string>): Known =>
  Object.fromEntries(words.flatMap((word, index) => index % 2 === 0 ? [[word, words[index + 1] ?? ""]] : []))

const startServer = (args: ReadonlyArray<string>) => redisServer.startWith(["--repl-diskless-sync-delay", "0", ...args])

/**
 * Starts a primary, its replica and a Sentinel, which replaces the primary after two seconds without an answer. After each
 * failover, `settle` waits until the next one is possible; in the place of a server that was killed it starts another one.
 */
export const startPair = (name: string) =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const first = yield* startServer([])
    const servers = new Map([[first.port, first]])
    const { port } = yield* redisServer.startSentinel(first.port, name)
    const client = yield* redisServer.connect(port)
    const ask = <A>(question: string) => Effect.promise(() => client.call("SENTINEL", question, name) as Promise<A>)

    const primaryPort = Effect.map(
      ask<readonly [string, string]>("GET-MASTER-ADDR-BY-NAME"),
      ([, primary]) => Number(primary)
    )
    const primary = Effect.map(ask<ReadonlyArray<string>>("MASTER"), knownOf)
    const replicas = Effect.map(ask<ReadonlyArray<ReadonlyArray<string>>>("REPLICAS"), (all) => all.map(knownOf))
    const failovers = Effect.map(primary, (known) => Number(known["config-epoch"]))

    const addReplica = Effect.gen(function*() {
      const server = yield* startServer(["--replicaof", "127.0.0.1", String(yield* primaryPort)])
      servers.set(server.port, server)
    }).pipe(Scope.extend(scope))
    const ready = redisServer.until(
      "Sentinel reports a replica that has the data of the primary",
      Effect.all([primary, replicas]),
      ([primary, replicas]) =>
        primary["flags"] === "master" && replicas.some((replica) =>
          replica["flags"] === "slave" && replica["role-reported"] === "slave" &&
          replica["master-link-status"] === "ok" && replica["master-port"] === primary["port"]
        )
    )
    yield* addReplica
    yield* ready
    return {
      sentinel: { host: "127.0.0.1", port },
      /** Returns the number of failovers. One that Sentinel had to restart counts as two. */
      failovers,
      /** Kills the primary. */
      kill: Effect.gen(function*() {
        const found = servers.get(yield* primaryPort) ??
          (yield* Effect.dieMessage("a primary that was not started here"))
        servers.delete(found.port)
        yield* found.kill
        // Sentinel remembers the port, and would use a server of another test on it.
        yield* redisServer.closing(found.port)
      }).pipe(Scope.extend(scope)),
      /** Makes the replica the primary, while the former primary runs. */
      failOver: redisServer.until(
        "Sentinel begins a failover",
        Effect.isSuccess(Effect.tryPromise(() => client.call("SENTINEL", "FAILOVER", name))),
        (isBegun) => isBegun
      ),
      settle: (before: number) =>
        Effect.gen(function*() {
          yield* redisServer.until(
            "the failover is over",
            Effect.all([primary, failovers]),
            ([known, count]) => count > before && known["flags"] === "master"
          )
          if (servers.size < 2) yield* addReplica
          yield* ready
        })
    }
  })
