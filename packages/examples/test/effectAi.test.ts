/**
 * A language model of `@effect/ai` without an API key, as its recipe configures it, at OpenAI's endpoints in memory.
 */
import { inspect } from "node:util"

import { LanguageModel } from "@effect/ai"
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"

import { Model } from "../src/recipes/effect-ai.js"

const identity = "c4n4ry.identity.token"

const answer = (text: string) => ({
  id: "resp_1",
  object: "response",
  status: "completed",
  created_at: 0,
  model: "gpt-5",
  output: [{
    type: "message",
    id: "msg_1",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text, annotations: [] }]
  }],
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: null,
  temperature: 1,
  top_p: 1,
  tools: [],
  tool_choice: "auto",
  parallel_tool_calls: true,
  usage: {
    input_tokens: 1,
    output_tokens: 1,
    total_tokens: 2,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 }
  }
})

const events = (text: string): string =>
  [
    { type: "response.created", response: { ...answer(text), status: "in_progress", output: [] } },
    {
      type: "response.output_text.delta",
      item_id: "msg_1",
      output_index: 0,
      content_index: 0,
      delta: text,
      logprobs: []
    },
    { type: "response.completed", response: answer(text) }
  ].map((event, index) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`)
    .join("")

/** Responds as both endpoints; the API accepts only the last token, or none. */
const openAi = () => {
  const exchanges: Array<unknown> = []
  const calls: Array<string> = []
  let accepted = 0
  const state = { revoke: () => accepted += 1, rejects: false }
  const respond = (url: URL, headers: Headers, body: string): Response => {
    if (url.href === "https://auth.openai.com/oauth/token") {
      exchanges.push(JSON.parse(body))
      if (state.rejects) return Response.json({ error: "invalid_grant", error_description: identity }, { status: 400 })
      accepted = exchanges.length
      return Response.json({ access_token: `c4n4ry-${accepted}`, token_type: "Bearer", expires_in: 3600 })
    }
    calls.push(`${url.href} ${headers.get("authorization")}`)
    if (headers.get("authorization") !== `Bearer c4n4ry-${accepted}`) {
      return Response.json({ error: { message: "invalid", type: "invalid_request_error" } }, { status: 401 })
    }
    return JSON.parse(body).stream === true
      ? new Response(events("8 items"), { headers: { "content-type": "text/event-stream" } })
      : Response.json(answer("8 items"))
  }
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        const { body } = request
        const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
        return HttpClientResponse.fromWeb(request, respond(url, new Headers(request.headers), text))
      })
    )
  )
  return { calls, exchanges, state, layer }
}

const start = () => {
  const server = openAi()
  return { ...server, model: Layer.provide(Model(Effect.succeed(Redacted.make(identity))), server.layer) }
}

const generate = Effect.map(LanguageModel.generateText({ prompt: "How many?" }), ({ text }) => text)

describe("a language model of @effect/ai without an API key", () => {
  it.effect("generates strings and streams with one token, and with another one after a rejection", () => {
    const { calls, exchanges, model, state } = start()
    return Effect.gen(function*() {
      assert.strictEqual(yield* generate, "8 items")
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "How many?" }))
      assert.deepStrictEqual([...parts].flatMap((part) => part.type === "text-delta" ? [part.delta] : []), ["8 items"])
      assert.deepStrictEqual(exchanges, [{
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        identity_provider_id: "idp_abc123",
        service_account_id: "user-abc123",
        subject_token: identity
      }])
      state.revoke()
      assert.deepStrictEqual(yield* Effect.all([generate, generate], { concurrency: 2 }), ["8 items", "8 items"])
      assert.strictEqual(exchanges.length, 2)
      assert.deepStrictEqual(
        new Set(calls),
        new Set([
          "https://api.openai.com/v1/responses Bearer c4n4ry-1",
          "https://api.openai.com/v1/responses Bearer c4n4ry-2"
        ])
      )
    }).pipe(Effect.provide(model))
  })

  it.effect("fails with an AiError that states why there is no token, without the presented identity", () => {
    const { calls, model, state } = start()
    state.rejects = true
    return Effect.gen(function*() {
      const error = yield* Effect.flip(generate)
      assert.strictEqual(error._tag, "HttpRequestError")
      const shown = inspect(error, { depth: 20, showHidden: true })
      assert.include(shown, "invalid_grant")
      assert.notInclude(shown, "c4n4ry")
      assert.deepStrictEqual(calls, [])
    }).pipe(Effect.provide(model))
  })
})
