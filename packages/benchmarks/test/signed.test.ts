/** The clients that sign send what the server requires, and valid signatures. */
import { assert, describe, it } from "vitest"

import { promiseClients, signed } from "../src/contenders.js"
import { type Credential, generateKey } from "../src/signed.js"
import * as fake from "../src/transport/fake.js"
import * as World from "../src/world.js"
import { inMemory, onLoopback } from "./support.js"

/** A world that keeps the messages it received. */
const observed = () => {
  const world = World.make()
  const messages: Array<World.Message> = []
  const answer: World.World["answer"] = (message) => {
    messages.push(message)
    return world.answer(message)
  }
  return { world, messages, surroundings: fake.make({ ...world, answer }) }
}

const isValid = (jwt: string, key: CryptoKey): Promise<boolean> => {
  const [header, claims, signature = ""] = jwt.split(".")
  return crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    Buffer.from(signature, "base64url"),
    Buffer.from(`${header}.${claims}`)
  )
}

describe.each(Object.entries(signed))("%s", (_, load) => {
  it.each<Credential>(["secret", "private_key_jwt", "dpop"])(
    "sends calls and requests tokens with %s",
    async (credential) => {
      const { messages, surroundings, world } = observed()
      const key = await generateKey()
      const client = await (await load())({ ...surroundings, credential, key })
      assert.strictEqual(await client.call(), 200)
      assert.strictEqual(await client.call(), 200)
      assert.strictEqual(world.tokenRequests(), 1)
      await client.refresh()
      assert.strictEqual(await client.call(), 200)
      assert.strictEqual(world.tokenRequests(), 2)
      const assertions = messages.flatMap(({ body }) => new URLSearchParams(body).get("client_assertion") ?? [])
      const proofs = messages.flatMap(({ dpop }) => dpop ?? [])
      assert.strictEqual(assertions.length, credential === "private_key_jwt" ? 2 : 0)
      assert.strictEqual(proofs.length, credential === "dpop" ? 5 : 0)
      for (const jwt of [...assertions, ...proofs]) assert.isTrue(await isValid(jwt, key.pair.publicKey))
      await client.close()
    }
  )
})

describe.each(promiseClients)("$name", ({ load }) => {
  it.each([["in memory", inMemory], ["on sockets", onLoopback]] as const)("caches its token %s", async (_, open) => {
    const { close, surroundings, world } = await open()
    const { make, repeat } = await load()
    const client = await make(surroundings)
    await repeat(client, 3, 1)
    assert.strictEqual(world.tokenRequests(), 1)
    assert.strictEqual(world.served(), 3)
    await client.close()
    await close()
  })
})
