/** Clients in the module of a worker, in workerd: one isolate, many requests, each with separate I/O. */
import { once } from "node:events"
import { connect } from "node:net"

import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Miniflare } from "miniflare"

import { bundled } from "./workers/bundled.js"
import { Servers, tokenOf } from "./workers/servers.js"

/** A worker with the operations of the tests. */
const start = (script: string, date: string, flags: ReadonlyArray<string>) => {
  const servers = new Servers()
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate: date,
    compatibilityFlags: [...flags],
    outboundService: servers.respond,
    cf: false
  })
  const text = async (path: string) => {
    const response = await miniflare.dispatchFetch(`http://worker.test${path}`)
    return `${response.status} ${await response.text()}`
  }
  const path = (client: string) => `/call?client=${encodeURIComponent(client)}`
  const begun = async (count: number) => {
    while (Number((await text("/begun")).split(" ")[1]) < count) continue
  }
  let started = 0
  return {
    servers,
    dispose: () => miniflare.dispose(),
    /** Calls the API; returns the status and the number of the token. */
    call: (client: string) => {
      started += 1
      return text(path(client))
    },
    /** Starts a call, and returns a function that closes its connection. */
    disconnectable: async (client: string) => {
      started += 1
      const { hostname, port } = await miniflare.ready
      const socket = connect(Number(port), hostname)
      await once(socket, "connect")
      socket.write(`GET ${path(client)} HTTP/1.1\r\nhost: worker.test\r\n\r\n`)
      return () => socket.resetAndDestroy()
    },
    /** Waits until the worker has received all started calls. */
    arrived: () => begun(started),
    later: (millis: number) => text(`/later?millis=${millis}`)
  }
}

type Worker = ReturnType<typeof start>

/** A time in the refresh window of a token that is valid for an hour. */
const due = 3_500_000

const three = [1, 2, 3]

const times = async (count: number, run: () => Promise<string>) => {
  const found: Array<string> = []
  for (let index = 0; index < count; index += 1) found.push(await run())
  return new Set(found)
}

const settings = [
  { date: "2026-07-01", flags: [] },
  { date: "2026-07-01", flags: ["nodejs_compat"] },
  { date: "2026-07-01", flags: ["nodejs_compat", "no_handle_cross_request_promise_resolution"] },
  { date: "2026-07-01", flags: ["no_global_navigator"] },
  { date: "2024-01-01", flags: [] }
]

describe.each(settings)("in a worker of $date with the flags $flags", ({ date, flags }) => {
  const outlives = flags.includes("nodejs_compat")
  let worker: Worker
  beforeAll(async () => {
    worker = start(await bundled("worker.ts"), date, flags)
  })
  afterAll(() => worker.dispose())

  describe.each(["PromiseClient", "ManagedRuntime"])("a client in the module, by %s", (form) => {
    it("serves concurrent requests with one token, and any number of later ones", async () => {
      const client = `${form}-cold`
      worker.servers.hold(client)
      const calls = three.map(() => worker.call(client))
      await worker.arrived()
      worker.servers.release(client)
      assert.deepStrictEqual(await Promise.all(calls), ["200 1", "200 1", "200 1"])
      assert.deepStrictEqual(await times(30, () => worker.call(client)), new Set(["200 1"]))
      assert.strictEqual(worker.servers.tokensOf(client), 1)
    })

    it("shares a token with the requests that come after the first caller disconnected", async () => {
      const { servers } = worker
      const client = `${form}-disconnected`
      servers.hold(client)
      const disconnect = await worker.disconnectable(client)
      await servers.requested(client, 1)
      const calls = three.map(() => worker.call(client))
      await worker.arrived()
      disconnect()
      // When the first request cannot outlive its client, one of the others requests the token.
      if (!outlives) await servers.requested(client, 2)
      servers.release(client)
      const token = outlives ? 1 : 2
      assert.deepStrictEqual(new Set(await Promise.all(calls)), new Set([`200 ${token}`]))
      assert.deepStrictEqual(await times(10, () => worker.call(client)), new Set([`200 ${token}`]))
      assert.strictEqual(servers.tokensOf(client), token)
    })

    it("refreshes a token once, beyond the request that started the refresh", async () => {
      const { servers } = worker
      const client = `${form}-refresh`
      assert.strictEqual(await worker.call(client), "200 1")
      await worker.later(due)
      servers.hold(client)
      const first = worker.call(client)
      await servers.requested(client, 2)
      // The request that started the refresh waits for it only if the runtime would cut it off with the response.
      if (outlives) assert.strictEqual(await first, "200 1")
      assert.deepStrictEqual(await times(10, () => worker.call(client)), new Set(["200 1"]))
      servers.release(client)
      assert.strictEqual(await first, "200 1")
      while (await worker.call(client) !== "200 2") continue
      assert.deepStrictEqual(await times(10, () => worker.call(client)), new Set(["200 2"]))
      assert.strictEqual(servers.tokensOf(client), 2)
    })

    it("uses the cached token while refreshes fail", async () => {
      const { servers } = worker
      const client = `${form}-outage`
      assert.strictEqual(await worker.call(client), "200 1")
      servers.setDown(client, true)
      await worker.later(due)
      assert.deepStrictEqual(await times(5, () => worker.call(client)), new Set(["200 1"]))
      assert.isAbove(servers.tokensOf(client), 1)
      servers.setDown(client, false)
    })

    it("replaces a rejected token once, for all requests at the same moment", async () => {
      const { servers } = worker
      const client = `${form}-revoked`
      assert.strictEqual(await worker.call(client), "200 1")
      servers.revoke(tokenOf(client, 1))
      servers.hold(client)
      const calls = three.map(() => worker.call(client))
      await servers.requested(client, 2)
      await worker.arrived()
      servers.release(client)
      assert.deepStrictEqual(new Set(await Promise.all(calls)), new Set(["200 2"]))
      assert.strictEqual(servers.tokensOf(client), 2)
    })

    it("has one key for proofs of possession", async () => {
      const client = `${form}-proof`
      const calls = three.map(() => worker.call(client))
      assert.deepStrictEqual(new Set(await Promise.all(calls)), new Set(["200 1"]))
      assert.deepStrictEqual(await times(5, () => worker.call(client)), new Set(["200 1"]))
      assert.strictEqual(worker.servers.tokensOf(client), 1)
    })
  })
})
