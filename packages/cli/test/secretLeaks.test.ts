/**
 * Searches the output for canaries: the client secret, the token, and what a careless server echoes of them. They occur only
 * where the user requests them.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { assert, describe, it } from "@effect/vitest"
import { Fault } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Redacted } from "effect"

import { sample } from "../../client-credentials/test/support/runs.js"
import * as binary from "./support/binary.js"

const secret = "c4n4ry/s3cr3t+ %:"

const spellings = [secret, encodeURIComponent(secret), new URLSearchParams({ a: secret }).toString().slice(2)].flatMap((
  one
) => [one, Buffer.from(one).toString("base64"), Buffer.from(one).toString("hex")])

describe("nothing secret is shown", () => {
  it.scopedLive("by any command, verbose or not, whatever the servers return", () =>
    Effect.gen(function*() {
      const { environment, server } = yield* Loopback.start({
        server: { clients: [{ id: "test-client", secret }] },
        api: { handler: (request) => Effect.promise(() => request.text().then((text) => new Response(text))) }
      })
      const { directory, run } = yield* binary.home
      const env = {
        ...environment,
        OAUTH_REVOCATION_URL: `${server.issuer}/token/revocation`,
        OAUTH_TOKENS_PER_DAY: "500"
      }
      writeFileSync(join(directory, "body"), "text")
      const commands = [
        ["call", "POST", "/items", "a=b", "X-Api-Key:x"],
        ["call", "--print", "HBhb", "/items", "@body"],
        ["call", "-d", "/file.txt"],
        ["status"],
        ["status", "--all", "--json"],
        ["budget"],
        ["budget", "--json"],
        ["inspect"],
        ["inspect", "--json"],
        ["doctor"],
        ["doctor", "--json"],
        ["revoke"],
        ["token", "--exec", "true"]
      ]
      const echo = Fault.answer(400, JSON.stringify({ error: "invalid_request", error_description: `got ${secret}` }), {
        "content-type": "application/json"
      })
      const output: Array<string> = []
      const faults = [undefined, echo, Fault.answer(200, secret)]
      for (const verbose of [[], ["--verbose", "--log-level", "debug"]]) {
        const all = commands.flatMap(([name = "", ...rest]) =>
          faults.map((fault) => ({ args: [name, ...verbose, ...rest], fault }))
        )
        for (const { args, fault } of sample(["commands to search", ...verbose].join(" "), all, 7)) {
          yield* server.faults.clear
          if (fault !== undefined) {
            // If a token is rejected, the command requests another.
            yield* server.revoke()
            yield* server.faults.rule(() => fault)
          }
          const { stderr, stdout } = yield* run(args, { env })
          output.push(stdout, stderr)
        }
        yield* server.faults.clear
        yield* run(["revoke", "--forget"], { env })
      }
      // Whatever was sampled, these show a token request and calls.
      const { stderr, stdout } = yield* run(["doctor", "--verbose"], { env })
      output.push(stdout, stderr)
      yield* run(["token", "--fresh"], { env })
      output.push(
        (yield* run(["call", "--verbose", "GET", "/x", "page==2", `access_token==${secret}`], { env })).stderr
      )
      const issued = (yield* server.issued).map(({ value }) => Redacted.value(value))
      assert.isNotEmpty(issued)
      const shown = output.join("\n")
      for (const canary of spellings) assert.notInclude(shown, canary)
      assert.notMatch(shown, /token-\d/)
      assert.match(shown, /> authorization: Bearer <redacted>/)
      assert.match(shown, /client_secret=<redacted>/)
      assert.match(shown, /> GET .*\/x\?page=2&access_token=<redacted>\n/)

      // Neither in the files that are left.
      for (const name of readdirSync(directory, { recursive: true }).map(String)) {
        const path = join(directory, name)
        if (!statSync(path).isFile()) continue
        const text = readFileSync(path, "latin1")
        for (const canary of spellings) assert.notInclude(text, canary, name)
        if (name.startsWith(".local")) assert.notMatch(text, /token-\d/, name)
      }
    }), 600_000)

  it.scopedLive("in the arguments of any process, while a command runs", () =>
    Effect.gen(function*() {
      const { environment } = yield* Loopback.start({ server: { clients: [{ id: "test-client", secret }] } })
      const { spawn } = yield* binary.home
      const list = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline 2> /dev/null; echo; done"
      const { stdout } = yield* spawn(["token", "--exec", list], {
        env: { ...environment, OAUTH_CLIENT_SECRET: undefined, OAUTH_CLIENT_SECRET_COMMAND: "cat secret" },
        cwd: yield* Effect.map(binary.home, ({ directory }) => {
          writeFileSync(join(directory, "secret"), secret)
          return directory
        })
      })
      assert.include(stdout, "--exec")
      for (const canary of [...spellings, "token-1"]) assert.notInclude(stdout.replaceAll(list, ""), canary)
    }))
})
