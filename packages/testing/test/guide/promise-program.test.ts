import { OAuthError, PromiseClient } from "@effect-oauth/client-credentials"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"

// The program under test. It takes its client as an argument, so that a test can give it another one.
const stock = async (api: PromiseClient.PromiseClient, sku: string): Promise<number | string> => {
  try {
    const response = await api.fetch(`/items/${sku}`)
    const { quantity } = await response.json() as { readonly quantity: number }
    return quantity
  } catch (error) {
    if (OAuthError.isOAuthError(error)) return error._tag
    throw error
  }
}

let sandbox: Sandbox.Sandbox
let api: PromiseClient.PromiseClient

beforeAll(async () => {
  sandbox = await Sandbox.start({ api: { handler: () => Response.json({ quantity: 12 }) } })
  api = PromiseClient.fromEnv({ env: sandbox.environment })
})

beforeEach(() => sandbox.reset())

afterAll(async () => {
  await api.close()
  await sandbox.close()
})

test("a revoked token is replaced", async () => {
  expect(await stock(api, "SKU-1")).toBe(12)
  await sandbox.revoke()
  expect(await stock(api, "SKU-1")).toBe(12)
})

test("a connection that the API resets rejects the call", async () => {
  await sandbox.faults.api.next("reset")
  await expect(stock(api, "SKU-1")).rejects.toThrow()
})

test("a wrong secret is reported by its type", async () => {
  const wrong = PromiseClient.fromEnv({ env: { ...sandbox.environment, OAUTH_CLIENT_SECRET: "wrong" } })
  expect(await stock(wrong, "SKU-1")).toBe("TokenErrorResponse")
  await wrong.close()
})
