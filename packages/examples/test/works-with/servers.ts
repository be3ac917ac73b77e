/** Servers of protocols other than HTTP, each of which verifies tokens by a function. */
import * as Net from "node:net"

import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js"
import { Effect } from "effect"

import type { Pems } from "../../../client-credentials/test/support/certificates.js"

type Verify = (token: string) => Promise<boolean>

/** Responds to each line or frame; the connections end with the scope. */
const listen = (onSocket: (socket: Net.Socket) => void) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly port: number; readonly close: () => void }>((resume) => {
        const sockets = new Set<Net.Socket>()
        const server = Net.createServer((socket) => {
          sockets.add(socket)
          socket.on("error", () => socket.destroy())
          onSocket(socket)
        })
        const close = () => {
          server.close()
          for (const socket of sockets) socket.destroy()
        }
        server.listen(0, "127.0.0.1", () => {
          resume(Effect.succeed({ close, port: (server.address() as Net.AddressInfo).port }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ port }) => port
  )

/** An SMTP server with `AUTH XOAUTH2`, for messages of one recipient. */
export const smtp = (verify: Verify) =>
  listen((socket) => {
    const send = (line: string) => socket.write(`${line}\r\n`)
    let isMessage = false
    const answer = async (line: string): Promise<void> => {
      if (isMessage) {
        if (line !== ".") return
        isMessage = false
        send("250 Accepted")
      } else if (line.startsWith("EHLO")) {
        send("250-localhost")
        send("250 AUTH XOAUTH2")
      } else if (line.startsWith("AUTH XOAUTH2 ")) {
        const text = Buffer.from(line.slice("AUTH XOAUTH2 ".length), "base64").toString()
        const [, token = ""] = /^user=stock@example\.com\u0001auth=Bearer (.*)\u0001\u0001$/.exec(text) ?? []
        send(await verify(token) ? "235 Accepted" : `334 ${Buffer.from("{\"status\":\"401\"}").toString("base64")}`)
      } else if (line === "") send("535 Rejected")
      else if (line === "DATA") {
        isMessage = true
        send("354 Go on")
      } else send(line === "QUIT" ? "221 Bye" : "250 Fine")
    }
    let rest = ""
    let answered = Promise.resolve()
    socket.on("data", (chunk) => {
      const lines = (rest + String(chunk)).split("\r\n")
      rest = lines.pop() ?? ""
      for (const line of lines) answered = answered.then(() => answer(line))
    })
    send("220 localhost")
  })

const int16 = (value: number) => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const string = (value: string) => Buffer.concat([int16(value.length), Buffer.from(value)])

/** Requests by their numbers in the protocol of Kafka. */
const keys = { saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 } as const

const kafkaResponse = async (key: number, body: Buffer, verify: Verify): Promise<ReadonlyArray<Buffer>> => {
  if (key === keys.apiVersions) {
    const versions = [[keys.saslHandshake, 0, 1], [keys.apiVersions, 0, 2], [keys.saslAuthenticate, 0, 0]]
    return [int16(0), int32(versions.length), ...versions.flat().map(int16), int32(0)]
  }
  if (key === keys.saslHandshake) return [int16(0), int32(1), string("OAUTHBEARER")]
  const [, token = ""] = /auth=Bearer ([^\u0001]*)\u0001/.exec(body.toString()) ?? []
  return await verify(token) ? [int16(0), int16(-1), int32(0)] : [int16(58), string("The token is invalid"), int32(0)]
}

/** A Kafka broker with SASL OAUTHBEARER, which implements only the login. */
export const kafka = (verify: Verify) =>
  listen((socket) => {
    let rest: Buffer = Buffer.alloc(0)
    socket.on("data", (chunk) => {
      rest = Buffer.concat([rest, Buffer.from(chunk)])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(4 + frame.length)
        void kafkaResponse(frame.readInt16BE(0), frame, verify).then((parts) => {
          const response = Buffer.concat([frame.subarray(4, 8), ...parts])
          socket.write(Buffer.concat([int32(response.length), response]))
        })
      }
    })
  })

const text = { serialize: (value: string) => Buffer.from(value), deserialize: (bytes: Buffer) => bytes.toString() }

/** A method of gRPC whose messages are strings. */
export const method = {
  path: "/test.Inventory/Create",
  requestStream: false,
  responseStream: false,
  requestSerialize: text.serialize,
  requestDeserialize: text.deserialize,
  responseSerialize: text.serialize,
  responseDeserialize: text.deserialize
} as const

/** A gRPC server that answers with the request, for calls with a token in their metadata. */
export const grpc = ({ cert, private: key }: Pems, verify: Verify) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly server: Server; readonly port: number }>((resume) => {
        const server = new Server()
        server.addService({ create: method }, {
          create: (
            call: ServerUnaryCall<string, string>,
            callback: sendUnaryData<string>
          ) => {
            const [header = ""] = call.metadata.get("authorization").map(String)
            void verify(header.replace(/^Bearer /, "")).then((isValid) =>
              isValid
                ? callback(null, call.request)
                : callback({ code: status.UNAUTHENTICATED, details: "invalid token" })
            )
          }
        })
        const credentials = ServerCredentials.createSsl(null, [{
          cert_chain: Buffer.from(cert),
          private_key: Buffer.from(key)
        }])
        server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
          resume(error === null ? Effect.succeed({ port, server }) : Effect.die(error))
        })
      }),
      ({ server }) => Effect.sync(() => server.forceShutdown())
    ),
    ({ port }) => port
  )
