/**
 * Broken connections on sockets, as the HTTP client of Node.js receives them: with and without TLS.
 */
import * as Http from "node:http"
import * as Https from "node:https"

import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { assert, describe, it } from "vitest"

import { certificate } from "./support/certificate.js"

interface Met {
  /** Returns the code of the error, if there was one. */
  readonly code: string | undefined
  readonly status: number | undefined
  readonly bytes: number
  /** Returns the length in the header. */
  readonly stated: number
}

const get = (url: string): Promise<Met> =>
  new Promise((resolve) => {
    let [status, bytes, stated]: [number | undefined, number, number] = [undefined, 0, 0]
    const ended = (code?: string) => resolve({ code, status, bytes, stated })
    const options = { agent: false as const, rejectUnauthorized: false }
    const request = (url.startsWith("https:") ? Https : Http).get(url, options, (response) => {
      status = response.statusCode
      stated = Number(response.headers["content-length"])
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
      }).on("end", () => ended()).on("error", ({ code }: NodeJS.ErrnoException) => ended(code))
    })
    request.on("error", ({ code, message }: NodeJS.ErrnoException) => ended(`${code}: ${message}`))
  })

for (const scheme of ["http", "https"] as const) {
  describe(scheme, () => {
    const start = async () => Sandbox.start(scheme === "http" ? {} : { tls: await certificate() })

    it("reset: the connection is reset, not ended", async () => {
      await using sandbox = await start()
      await sandbox.faults.api.next("reset")
      const { code } = await get(`${sandbox.apiBaseUrl}/items`)
      assert.strictEqual(code, "ECONNRESET: read ECONNRESET")
      assert.strictEqual((await get(`${sandbox.apiBaseUrl}/items`)).status, 401)
    })

    it("refuse: is rejected, since a socket has accepted the connection; closed servers refuse connections", async () => {
      const sandbox = await start()
      for (const { next } of [sandbox.faults.server, sandbox.faults.api]) {
        const error = await next("refuse").catch((error: unknown) => error)
        assert.deepInclude(error, { _tag: "InvalidConfig" })
        assert.match(String(error), /reset.*Close the servers/)
      }
      await sandbox.close()
      assert.match((await get(sandbox.jwksUrl)).code ?? "", /^ECONNREFUSED/)
    })

    it("cutShort: the body is shorter than its length", async () => {
      await using sandbox = await start()
      await sandbox.faults.server.next("cutShort")
      const { bytes, code, stated, status } = await get(`${sandbox.issuer}/.well-known/oauth-authorization-server`)
      assert.deepStrictEqual([status, code], [200, "ECONNRESET"])
      assert.isAbove(bytes, 0)
      assert.isAbove(stated, bytes)
    })
  })
}
