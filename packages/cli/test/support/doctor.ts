/**
 * `doctor` as a user runs it, with what it found.
 */
import { chmodSync, writeFileSync } from "node:fs"
import type * as Http from "node:http"
import { join } from "node:path"

import { assert } from "@effect/vitest"
import { Effect } from "effect"

import * as binary from "./binary.js"
import * as servers from "./tlsServers.js"

export interface Finding {
  readonly step: string
  readonly verdict: string
  readonly code: string
  readonly message: string
  readonly remedy: string | null
  readonly fix?: { readonly set: Readonly<Record<string, string>>; readonly unset: ReadonlyArray<string> }
}

type Env = Readonly<Record<string, string | undefined>>

/** Names of the library, which a user of the command has never seen. */
const libraryNames =
  /\.layer\b|\b[a-z]+[A-Z][a-zA-Z]*\.[a-z]|\b(?:SharedClientCredentials|TokenRequest|ClientAuthentication|ServerMetadata|TokenEndpoint|requireScope|basicEncoding|apiBaseUrl|tokenResponse|issuanceBudget|allowOutsideBasePath)\b/

export const start = Effect.gen(function*() {
  const user = yield* binary.home
  const file = (name: string, text: string, mode = 0o600) => {
    const path = join(user.directory, name)
    writeFileSync(path, text)
    chmodSync(path, mode)
    return path
  }
  const doctor = (env: Env, ...args: ReadonlyArray<string>) =>
    Effect.map(user.run(["doctor", "--json", ...args], { env }), ({ exitCode, stderr, stdout }) => {
      const findings = JSON.parse(stdout) as ReadonlyArray<Finding>
      for (const { code, message, remedy, verdict } of findings) {
        assert.isNotEmpty(code)
        assert.notMatch(`${message} ${remedy ?? ""}`, libraryNames)
        assert.notMatch(`${message} ${remedy ?? ""}`, /c4n4ry|t0k3n|undefined|\.\.(?!\/)/)
        if (verdict === "wrong" || verdict === "warning") assert.isNotEmpty(remedy)
      }
      return { exitCode, stderr, findings, wrong: findings.filter(({ verdict }) => verdict === "wrong") }
    })
  return { doctor, file, user }
})

const json = (response: Http.ServerResponse, status: number, body: object, headers: Http.OutgoingHttpHeaders = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))

export interface TokenRequest {
  readonly request: Http.IncomingMessage
  readonly response: Http.ServerResponse
  readonly body: string
  readonly form: URLSearchParams
  readonly basic: string | undefined
  readonly reject: (status: number, body: object | string, headers?: Http.OutgoingHttpHeaders) => void
  readonly issue: (members?: object) => void
}

/** An authorization server that answers token requests as the test defines, and counts them. */
export const issuer = (answer: (request: TokenRequest) => void, path = "/token") =>
  Effect.gen(function*() {
    const state = { requests: 0, issued: 0 }
    const origin = yield* servers.http((request, response) => {
      if (request.method !== "POST") return void response.writeHead(404).end()
      if (request.url !== path) {
        return void response.writeHead(404, { "content-type": "text/html" }).end("<html></html>")
      }
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
        state.requests += 1
        const body = Buffer.concat(chunks).toString("utf8")
        const [, basic] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? []
        answer({
          request,
          response,
          body,
          form: new URLSearchParams(body),
          basic: basic === undefined ? undefined : Buffer.from(basic, "base64").toString("utf8"),
          reject: (status, content, headers = {}) =>
            typeof content === "string"
              ? void response.writeHead(status, { "content-type": "text/html", ...headers }).end(content)
              : void json(response, status, content, headers),
          issue: (members = {}) => {
            state.issued += 1
            json(response, 200, { access_token: "t0k3n", token_type: "Bearer", expires_in: 3600, ...members })
          }
        })
      })
    })
    return { origin, state, url: `${origin}${path}` }
  })

export const api = servers.http((_, response) => void json(response, 200, {}))
