// npx playwright test: each worker has separate servers, and starts the web application with their variables.
import { spawn } from "node:child_process"

import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { expect, test as base } from "@playwright/test"

const test = base.extend<object, { readonly sandbox: Sandbox.Sandbox }>({
  sandbox: [async ({}, use) => {
    const sandbox = await Sandbox.start()
    const app = spawn("node", ["server.js"], { env: { ...process.env, ...sandbox.environment }, stdio: "inherit" })
    await use(sandbox)
    app.kill()
    await sandbox.close()
  }, { scope: "worker" }]
})

test("the page loads after a revocation", async ({ page, sandbox }) => {
  await page.goto("http://127.0.0.1:3000/orders")
  await sandbox.revoke()
  await page.reload()
  await expect(page.getByRole("heading")).toHaveText("Orders")
})
