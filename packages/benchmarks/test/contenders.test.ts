import { assert, describe, it } from "vitest"

import { contenders, peers } from "../src/contenders.js"
import * as World from "../src/world.js"
import { inMemory, onLoopback } from "./support.js"

describe.each([["in memory", inMemory], ["on sockets", onLoopback]] as const)("%s", (_, open) => {
  it.each(peers)("$name requests one token, sends it, and caches it", async ({ load }) => {
    const { close, surroundings, world } = await open()
    const { make } = await load()
    const client = await make(surroundings)
    assert.strictEqual(await client.call(), 200)
    assert.strictEqual(await client.call(), 200)
    assert.strictEqual(world.tokenRequests(), 1)
    assert.strictEqual(world.served(), 2)
    await client.close()
    await close()
  })

  it.each(contenders)("$name sends the given number of calls", async ({ baseline, load }) => {
    const { close, surroundings, world } = await open()
    const { make, repeat } = await load()
    const client = await make(surroundings)
    await repeat(client, 1, 1)
    await repeat(client, 7, 3)
    assert.strictEqual(world.served(), 8)
    assert.strictEqual(world.tokenRequests(), baseline === undefined ? 0 : 1)
    await client.close()
    await close()
  })
})

describe("the limits of the contenders", () => {
  it.each(peers)("$name fails with a wrong secret", async ({ load }) => {
    const { close, surroundings, world } = await inMemory()
    const { make } = await load()
    const client = await make({ ...surroundings, clientSecret: "wrong" })
    const outcome = await client.call().catch(() => "failed")
    assert.notStrictEqual(outcome, 200)
    assert.strictEqual(world.served(), 0)
    await client.close()
    await close()
  })

  it.each(peers)("$name replays a rejected call if configured to", async ({ load, replays }) => {
    const { close, surroundings, world } = await inMemory()
    const { make } = await load()
    const client = await make(surroundings)
    await client.call()
    world.revokeAll()
    const status = await client.call().catch(() => 401)
    assert.strictEqual(status, replays ? 200 : 401)
    assert.strictEqual(world.tokenRequests(), replays ? 2 : 1)
    await client.close()
    await close()
  })

  it("the API rejects a call without a token, and with an expired one", async () => {
    const world = World.make({ tokenLife: 0 })
    const answer = await world.answer({
      method: "POST",
      path: World.paths.token,
      authorization: undefined,
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: World.client.id,
        client_secret: World.client.secret
      }).toString()
    })
    const { access_token: token } = JSON.parse(answer.body) as { readonly access_token: string }
    for (const authorization of [undefined, `Bearer ${token}`, "Bearer of-another-client"]) {
      const { status } = await world.answer({ method: "GET", path: World.paths.items, authorization, body: "" })
      assert.strictEqual(status, 401)
    }
    assert.isFalse(world.hasValidToken())
  })

  it("a call with a status other than 200 ends a measurement", async () => {
    const { surroundings } = await inMemory()
    const { make, repeat } = await (contenders.find(({ name }) => name === "bare fetch") ?? assert.fail()).load()
    const client = await make({ ...surroundings, fixedToken: "of-another-client" })
    let message = ""
    await repeat(client, 1, 1).catch((error: unknown) => {
      message = String(error)
    })
    assert.include(message, "got 401")
  })
})
