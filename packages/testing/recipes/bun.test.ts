// bun test
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test"

import { orders } from "./orders.mjs"

let sandbox: Sandbox.Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.start()
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

test("a call costs one token", async () => {
  expect(await orders(sandbox.environment)).toBe(200)
  expect(await sandbox.issued()).toHaveLength(1)
})
