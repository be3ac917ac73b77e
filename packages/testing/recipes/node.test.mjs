// node --test node.test.mjs
import assert from "node:assert/strict"
import { after, before, beforeEach, test } from "node:test"

import * as Sandbox from "@effect-oauth/testing/Sandbox"

import { orders } from "./orders.mjs"

let sandbox
before(async () => {
  sandbox = await Sandbox.start()
})
beforeEach(() => sandbox.reset())
after(() => sandbox.close())

test("a call costs one token", async () => {
  assert.equal(await orders(sandbox.environment), 200)
  assert.equal((await sandbox.issued()).length, 1)
})

test("the API is down", async () => {
  await sandbox.faults.api.rule(() => ({ _tag: "Answer", status: 503, body: "", headers: {} }))
  assert.equal(await orders(sandbox.environment), 503)
})
