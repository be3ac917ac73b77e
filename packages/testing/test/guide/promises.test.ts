import * as PromiseClient from "@effect-oauth/client-credentials/PromiseClient"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { expect, test } from "vitest"

test("calls succeed after a revocation, and when the token has expired", async () => {
  await using sandbox = await Sandbox.start({
    server: { tokenLife: "1 hour" },
    api: { handler: () => Response.json([{ sku: "SKU-1" }]) }
  })
  // Any program that reads its configuration from the environment, in this process or in another one.
  const client = PromiseClient.fromEnv({ env: sandbox.environment })
  const status = async () => (await client.fetch("/items")).status

  expect(await status()).toBe(200)
  await sandbox.revoke()
  expect(await status()).toBe(200)
  await sandbox.advanceClock("2 hours")
  expect(await status()).toBe(200)

  expect((await sandbox.calls()).map(({ status }) => status)).toEqual([200, 401, 200, 401, 200])
  expect((await sandbox.issued()).length).toBe(3)
  await client.close()
})
