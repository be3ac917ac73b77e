/**
 * A real Redis Cluster, whose slots move and whose nodes end.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Redis } from "ioredis"

import * as redisServer from "./redisServer.js"

interface Node {
  readonly port: number
  readonly client: Redis
  readonly kill: Effect.Effect<void>
}

const call = (node: Node, ...words: readonly [string, ...ReadonlyArray<string>]) => {
  const [name, ...args] = words
  return Effect.promise(() => node.client.call(name, ...args))
}

const startNode = Effect.gen(function*() {
  const bus = yield* redisServer.freePort
  const { kill, port } = yield* redisServer.startWith([
    ...["--cluster-enabled", "yes", "--cluster-port", String(bus)],
    // Nodes without processor time are not replaced: a test starts each failover.
    ...["--cluster-node-timeout", "60000", "--repl-diskless-sync-delay", "0"]
  ])
  const client = yield* redisServer.connect(port)
  // Commands to a node that was killed end with its connection.
  client.on("error", () => undefined)
  return { bus, client, kill, port }
})

/** State of a node in a line of CLUSTER NODES. */
interface Known {
  readonly id: string
  readonly port: number
  readonly flags: ReadonlyArray<string>
  readonly primary: string
  readonly slots: ReadonlyArray<readonly [first: number, last: number]>
}

const knownOf = (line: string): Known => {
  const [id = "", address = "", flags = "", primary = "", , , , , ...slots] = line.split(" ")
  return {
    id,
    port: Number(/:(\d+)@/.exec(address)?.[1]),
    flags: flags.split(","),
    primary,
    slots: slots.flatMap((range) => {
      const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
      return first === undefined ? [] : [[Number(first), Number(last)] as const]
    })
  }
}

const isPrimary = ({ flags }: Known): boolean => flags.includes("master")

const serves = (slot: number) => ({ slots }: Known): boolean =>
  slots.some(([first, last]) => first <= slot && slot <= last)

/** Starts a Cluster of a primary for each range of slots, with as many replicas in all. */
export const start = (ranges: ReadonlyArray<string>, { replicas = 0 }: { readonly replicas?: number } = {}) =>
  Effect.gen(function*() {
    const nodes = yield* Effect.replicateEffect(startNode, ranges.length + replicas, { concurrency: "unbounded" })
    const [first] = nodes
    if (first === undefined) return yield* Effect.dieMessage("a Cluster of no nodes")
    const alive = new Set<Node>(nodes)

    /** Returns the nodes as each node reports them. */
    const views = Effect.suspend(() =>
      Effect.forEach(
        alive,
        (node) => Effect.map(call(node, "CLUSTER", "NODES"), (text) => String(text).trim().split("\n").map(knownOf))
      )
    )

    /** Waits until all nodes serve all slots. */
    const ready = redisServer.until(
      "each node reports that all slots are served",
      Effect.forEach(alive, (node) => call(node, "CLUSTER", "INFO")),
      (all) => all.every((info) => String(info).includes("cluster_state:ok"))
    )

    for (const [index, range] of ranges.entries()) {
      yield* call(nodes[index] ?? first, "CLUSTER", "ADDSLOTSRANGE", ...range.split(" "))
    }
    for (const { bus, port } of nodes.slice(1)) {
      yield* call(first, "CLUSTER", "MEET", "127.0.0.1", String(port), String(bus))
    }
    yield* ready
    for (const [index, node] of nodes.slice(ranges.length).entries()) {
      const primary = yield* call(nodes[index % ranges.length] ?? first, "CLUSTER", "MYID")
      yield* redisServer.until(
        "a node becomes a replica",
        Effect.isSuccess(Effect.tryPromise(() => node.client.call("CLUSTER", "REPLICATE", String(primary)))),
        (isReplica) => isReplica
      )
    }
    yield* redisServer.until(
      "the replicas have the data of their primaries",
      Effect.forEach(nodes.slice(ranges.length), ({ client }) => Effect.promise(() => client.info("replication"))),
      (all) => all.every((info) => info.includes("master_link_status:up"))
    )
    yield* redisServer.until(
      "all nodes know all replicas",
      views,
      (all) => all.every((view) => view.filter(({ flags }) => flags.includes("slave")).length === replicas)
    )

    const nodeOf = ({ port }: Known) =>
      [...alive].find((node) => node.port === port) ?? assert.fail(`node ${port} was killed`)

    /** Waits until all nodes know which primary serves a slot, and returns it, the other primaries, and its replicas. */
    const ownerOf = (slot: number) =>
      redisServer.until(
        "all nodes know which primary serves the slot",
        views,
        (all) => new Set(all.map((view) => view.filter(isPrimary).find(serves(slot))?.id ?? Symbol())).size === 1
      ).pipe(
        Effect.map(([view = []]) => {
          const primaries = view.filter(isPrimary)
          const owner = primaries.find(serves(slot)) ?? assert.fail("the slot has no primary")
          return {
            owner,
            others: primaries.filter((one) => one !== owner && one.slots.length > 0),
            replicas: view.filter(({ primary }) => primary === owner.id)
          }
        })
      )

    const slotOf = (key: string) => Effect.map(call([...alive][0] ?? first, "CLUSTER", "KEYSLOT", key), Number)

    return {
      ports: nodes.map(({ port }) => port),
      ready,
      /** Returns all keys. */
      keys: Effect.map(
        Effect.forEach(alive, ({ client }) => Effect.promise(() => client.keys("*"))),
        (keys) => [...new Set(keys.flat())].sort()
      ),
      /** Moves the slot of a key to another primary, which is chosen by a number; operations on the key go on meanwhile. */
      move: (key: string, choice: number) =>
        Effect.gen(function*() {
          const slot = yield* slotOf(key)
          const { others, owner } = yield* ownerOf(slot)
          const other = others[choice % others.length] ?? assert.fail("no other primary")
          const [from, to] = [nodeOf(owner), nodeOf(other)]
          const name = String(slot)
          yield* call(to, "CLUSTER", "SETSLOT", name, "IMPORTING", owner.id)
          yield* call(from, "CLUSTER", "SETSLOT", name, "MIGRATING", other.id)
          for (;;) {
            const keys = (yield* call(from, "CLUSTER", "GETKEYSINSLOT", name, "100")) as ReadonlyArray<string>
            if (keys.length === 0) break
            yield* call(from, "MIGRATE", "127.0.0.1", String(other.port), "", "0", "10000", "KEYS", ...keys)
          }
          for (const node of [to, from]) yield* call(node, "CLUSTER", "SETSLOT", name, "NODE", other.id)
        }),
      /** Kills the node that serves a key; after an outage in milliseconds, its replica takes over. */
      killOwner: (key: string, outage: number) =>
        Effect.gen(function*() {
          const slot = yield* slotOf(key)
          const { owner, replicas: [replica = assert.fail("the node has no replica")] } = yield* ownerOf(slot)
          const [killed, heir] = [nodeOf(owner), nodeOf(replica)]
          alive.delete(killed)
          yield* killed.kill
          yield* Effect.delay(call(heir, "CLUSTER", "FAILOVER", "TAKEOVER"), outage)
          yield* redisServer.until("the replica serves the slot", ownerOf(slot), (now) => now.owner.id === replica.id)
          yield* ready
        })
    }
  })
