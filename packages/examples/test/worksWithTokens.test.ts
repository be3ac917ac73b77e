/**
 * Clients that take a token of a `PromiseClient` as a string, each at a server on a socket: one token for all calls,
 * and a rejected one replaced once.
 */
import { assert, describe, it } from "@effect/vitest"
import { PromiseClient } from "@effect-oauth/client-credentials"
import type { TestAuthorizationServer } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Client, credentials } from "@grpc/grpc-js"
import { Effect, type Scope } from "effect"
import { logLevel } from "kafkajs"

import * as certificates from "../../client-credentials/test/support/certificates.js"
import * as grpc from "../src/guides/works-with/grpc.js"
import * as kafka from "../src/guides/works-with/kafka.js"
import * as smtp from "../src/guides/works-with/smtp.js"
import { withToken } from "../src/guides/works-with/with-token.js"
import * as servers from "./works-with/servers.js"

type Verify = (token: string) => Promise<boolean>

/** Creates a function that sends a call, or opens a connection, which a server accepts by its token. */
type Subject = (
  api: PromiseClient.PromiseClient,
  verify: Verify
) => Effect.Effect<() => Promise<unknown>, never, Scope.Scope>

const subjects: Readonly<Record<string, Subject>> = {
  "gRPC metadata": (api, verify) =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("an authority")
      const port = yield* servers.grpc(yield* certificates.server(ca), verify)
      const channel = credentials.createSsl(Buffer.from(ca.cert))
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => new Client(`127.0.0.1:${port}`, grpc.channelCredentials(api, channel))),
        (client) => Effect.sync(() => client.close())
      )
      const { path, requestSerialize, responseDeserialize } = servers.method
      const call = () =>
        new Promise((resolve, reject) =>
          client.makeUnaryRequest(
            path,
            requestSerialize,
            responseDeserialize,
            "SKU-1",
            (error, value) => error === null ? resolve(value) : reject(error)
          )
        )
      return () => withToken(api, call, grpc.isRejection)
    }),
  "KafkaJS, OAUTHBEARER": (api, verify) =>
    Effect.map(servers.kafka(verify), (port) => {
      const client = kafka.kafka(api, { brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
      return () =>
        withToken(api, async () => {
          const admin = client.admin()
          await admin.connect()
          await admin.disconnect()
        }, kafka.isRejection)
    }),
  "nodemailer, XOAUTH2": (api, verify) =>
    Effect.map(servers.smtp(verify), (port) => {
      const transport = smtp.mail(api, "stock@example.com", { host: "127.0.0.1", port, secure: false })
      return () => transport.sendMail({ from: "stock@example.com", to: "you@example.com", text: "8 items" })
    })
}

const verification = ({ verify }: TestAuthorizationServer.TestAuthorizationServer, token: string) =>
  Effect.runPromise(verify(token))

for (const [name, connect] of Object.entries(subjects)) {
  describe(name, () => {
    it.scopedLive("one token, and a rejected one is replaced once", () =>
      Effect.gen(function*() {
        const { environment, server } = yield* Loopback.start()
        const { API_BASE_URL: _, ...env } = environment
        const api = yield* Effect.acquireRelease(
          Effect.sync(() => PromiseClient.fromEnv({ env })),
          ({ close }) => Effect.promise(close)
        )
        const verdicts: Array<boolean> = []
        const call = yield* connect(api, async (token) => {
          const { _tag } = await verification(server, token)
          verdicts.push(_tag === "Active")
          return _tag === "Active"
        })
        yield* Effect.promise(async () => {
          await call()
          await call()
        })
        assert.lengthOf(yield* server.issued, 1)

        yield* server.revoke()
        yield* Effect.promise(async () => {
          await call()
          await call()
        })
        assert.lengthOf(yield* server.issued, 2)
        assert.deepStrictEqual(verdicts, [true, true, false, true, true])
      }))
  })
}
