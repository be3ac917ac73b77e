/**
 * Handlers that stream, and requests of any form, on sockets.
 */
import * as Http from "node:http"

import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { assert, describe, it } from "vitest"

const token = async ({ tokenUrl }: Sandbox.Sandbox): Promise<string> => {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: "test-client",
    client_secret: "test-secret"
  })
  const response = await fetch(tokenUrl, { method: "POST", body })
  return (await response.json() as { readonly access_token: string }).access_token
}

const headers = async (sandbox: Sandbox.Sandbox) => ({ authorization: `Bearer ${await token(sandbox)}` })

const encoder = new TextEncoder()

/** A promise that the test resolves. */
const awaited = () => {
  let resolve: () => void = () => {}
  const promise = new Promise<void>((resolved) => {
    resolve = resolved
  })
  return { promise, resolve: () => resolve() }
}

/** A stream of which the test sends the parts. */
const opened = () => {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancelled = awaited()
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given
    },
    cancel: () => cancelled.resolve()
  })
  return {
    body,
    cancelled: cancelled.promise,
    send: (text: string) => controller?.enqueue(encoder.encode(text)),
    end: () => controller?.close(),
    fail: () => controller?.error(new Error("broken"))
  }
}

describe("a stream", () => {
  it("arrives part by part, and its headers before them", async () => {
    const events = opened()
    await using sandbox = await Sandbox.start({
      api: { handler: () => new Response(events.body, { headers: { "content-type": "text/event-stream" } }) }
    })
    const response = await fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox) })
    assert.strictEqual(response.headers.get("content-type"), "text/event-stream")
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (const text of ["data: 1\n\n", "data: 2\n\n"]) {
      events.send(text)
      assert.strictEqual(new TextDecoder().decode((await reader.read()).value), text)
    }
    events.end()
    assert.isTrue((await reader.read()).done)
  })

  it("is cancelled when the client disconnects, and the signal of the request is aborted", async () => {
    const events = opened()
    const aborted = awaited()
    await using sandbox = await Sandbox.start({
      api: {
        handler: ({ signal }) => {
          signal.addEventListener("abort", () => aborted.resolve())
          return new Response(events.body)
        }
      }
    })
    const leaving = new AbortController()
    const response = await fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox), signal: leaving.signal })
    assert.strictEqual(response.status, 200)
    leaving.abort()
    await events.cancelled
    await aborted.promise
  })

  it("is aborted before its response when the client disconnects", async () => {
    const [started, aborted] = [awaited(), awaited()]
    await using sandbox = await Sandbox.start({
      api: {
        handler: ({ signal }) => {
          signal.addEventListener("abort", () => aborted.resolve())
          started.resolve()
          return new Promise(() => {})
        }
      }
    })
    const leaving = new AbortController()
    const response = fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox), signal: leaving.signal })
    await started.promise
    leaving.abort()
    await response.catch(() => undefined)
    await aborted.promise
  })

  it("is read no faster than the client takes it", async () => {
    const [parts, part] = [1000, new Uint8Array(65_536)]
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        sent += 1
        if (sent === parts) controller.close()
        else controller.enqueue(part)
      }
    }, { highWaterMark: 0 })
    await using sandbox = await Sandbox.start({ api: { handler: () => new Response(body) } })
    const authorization = await headers(sandbox)
    await new Promise<void>((resolve) =>
      Http.get(sandbox.apiBaseUrl, { headers: authorization, agent: false }, (response) => {
        response.once("data", () => {
          // What the buffers of both sockets hold.
          assert.isBelow(sent, parts / 2)
          response.on("end", resolve)
        })
      })
    )
    assert.strictEqual(sent, parts)
  })

  it("that fails ends the connection after what it had", async () => {
    const events = opened()
    await using sandbox = await Sandbox.start({ api: { handler: () => new Response(events.body) } })
    const response = await fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox) })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    events.send("part")
    assert.strictEqual(new TextDecoder().decode((await reader.read()).value), "part")
    events.fail()
    assert.instanceOf(await reader.read().catch((error: unknown) => error), TypeError)
  })

  it("that does not end can be cut short", async () => {
    const events = opened()
    await using sandbox = await Sandbox.start({ api: { handler: () => new Response(events.body) } })
    await sandbox.faults.api.next("cutShort")
    events.send("0123456789")
    const response = await fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox) })
    assert.instanceOf(await response.text().catch((error: unknown) => error), TypeError)
    await events.cancelled
  })
})

for (const status of [204, 205, 304]) {
  it(`a response without a body is cut short before it: ${status}`, async () => {
    await using sandbox = await Sandbox.start({ api: { handler: () => new Response(null, { status }) } })
    const call = async () => fetch(sandbox.apiBaseUrl, { headers: await headers(sandbox) })
    await sandbox.faults.api.next("cutShort")
    assert.instanceOf(await call().catch((error: unknown) => error), TypeError)
    assert.strictEqual((await call()).status, status)
  })
}

describe("a request", () => {
  const send = (url: string, options: Http.RequestOptions, body = "") =>
    new Promise<{ readonly status: string; readonly body: string }>((resolve, reject) => {
      const length = body === "" ? {} : { "content-length": body.length }
      Http.request(
        url,
        { ...options, headers: { ...options.headers, ...length } as Http.OutgoingHttpHeaders },
        (response) => {
          let text = ""
          response.setEncoding("utf8").on("data", (part: string) => {
            text += part
          }).on("end", () => resolve({ status: `${response.statusCode} ${response.statusMessage}`, body: text }))
        }
      ).on("error", reject).end(body)
    })

  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]

  it("reaches the handler with its method and its body, also where Request forbids it", async () => {
    const seen: Array<string> = []
    await using sandbox = await Sandbox.start({
      api: {
        handler: async (request) => {
          seen.push(`${request.method} ${await request.text()}`)
          return new Response("", { status: 200, statusText: "Fine" })
        }
      }
    })
    const given = await headers(sandbox)
    for (const method of methods) {
      for (const body of ["", "body"]) {
        const { status } = await send(sandbox.apiBaseUrl, { method, headers: given }, body)
        assert.strictEqual(status, "200 Fine", method)
        assert.strictEqual(seen.at(-1), `${method} ${body}`)
      }
    }
  })
})
