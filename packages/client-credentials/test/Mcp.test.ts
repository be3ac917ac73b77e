/**
 * The `authProvider` of an MCP client, with calls as the SDK's transports make them: a token for each, and after a 401 one
 * report and one more call. `packages/examples/test/mcp.test.ts` has the SDK itself.
 */
import { assert, it } from "@effect/vitest"
import { OAuthError, TokenRequest } from "@effect-oauth/client-credentials"
import * as Mcp from "@effect-oauth/client-credentials/Mcp"
import { OAuthTest, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Exit, Scope, TestClock } from "effect"

const provider = Mcp.authProvider

/** A call as a transport makes it. Returns the tokens that it was sent with. */
const call = ({ onUnauthorized, token }: Mcp.AuthProvider, isAccepted: (token: string) => boolean) =>
  Effect.promise(async () => {
    const first = await token()
    if (isAccepted(first)) return [first]
    await onUnauthorized()
    return [first, await token()]
  })

const tokens = Effect.flatMap(
  TestAuthorizationServer.TestAuthorizationServer,
  (server) => Effect.map(server.issued, (issued) => issued.length)
)

const never = () => false
const always = () => true

it.scoped("a rejected token is replaced once, however many calls are rejected", () =>
  Effect.gen(function*() {
    const auth = yield* provider
    const [[first = ""] = []] = yield* Effect.all([call(auth, always)])
    const calls = yield* Effect.all(
      Array.from({ length: 10 }, () => call(auth, (token) => token !== first)),
      { concurrency: "unbounded" }
    )
    assert.strictEqual(yield* tokens, 2)
    assert.strictEqual(new Set(calls.map((sent) => sent.at(-1))).size, 1)
  }).pipe(Effect.provide(OAuthTest.layer())))

it.scoped("a server that rejects each token costs as many tokens as with ApiClient: 6 on the first day, 2 on the next", () =>
  Effect.gen(function*() {
    const auth = yield* provider
    for (const expected of [6, 8]) {
      for (let count = 0; count < 24 * 6; count += 1) {
        // Several calls at a time, once in a while.
        yield* Effect.all(Array.from({ length: 1 + count % 3 }, () => call(auth, never)), { concurrency: "unbounded" })
        yield* TestClock.adjust("10 minutes")
      }
      assert.strictEqual(yield* tokens, expected)
    }
  }).pipe(Effect.provide(OAuthTest.layer())))

it.scoped("a token that works ends the pauses: each rejection three hours later is followed by a new token", () =>
  Effect.gen(function*() {
    const auth = yield* provider
    for (let rejections = 1; rejections <= 6; rejections += 1) {
      const [rejected = ""] = yield* call(auth, always)
      yield* call(auth, (token) => token !== rejected)
      assert.strictEqual(yield* tokens, 1 + rejections)
      for (let calls = 0; calls < 3; calls += 1) {
        yield* call(auth, always)
        yield* TestClock.adjust("1 hour")
      }
    }
  }).pipe(Effect.provide(OAuthTest.layer())))

it.scoped("applies the overrides around it to its tokens", () =>
  Effect.gen(function*() {
    const plain = yield* provider
    const tools = yield* provider.pipe(
      TokenRequest.withOverrides({ resource: "https://tools.example.com/mcp", scope: "tools:call" })
    )
    for (const auth of [plain, tools, tools, plain]) yield* Effect.promise(auth.token)
    const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
    assert.deepStrictEqual(
      (yield* received).map(({ parameters }) => [parameters["resource"], parameters["scope"]]),
      [[undefined, undefined], ["https://tools.example.com/mcp", "tools:call"]]
    )
  }).pipe(Effect.provide(OAuthTest.layer({
    server: { scopes: ["tools:call"], audiences: ["https://tools.example.com/mcp"] }
  }))))

const failure = (promise: () => Promise<unknown>) =>
  Effect.promise(() => promise().then(() => assert.fail("it did not reject"), (error: unknown) => error as Error))

it.scoped("a token that is bound to a key is not returned, since the SDK sends no proofs", () =>
  Effect.gen(function*() {
    const { token } = yield* provider
    const error = yield* failure(token)
    assert.include(error.message, "dpop: expected absent: this transport sends bearer tokens.")
  }).pipe(Effect.provide(OAuthTest.layer({ client: { dpop: true } }))))

it.effect("after its scope and after that of the client, calls fail with ClientClosed", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { onUnauthorized, token } = yield* Scope.extend(provider, scope)
    yield* Effect.promise(token)
    yield* Scope.close(scope, Exit.void)
    for (const promise of [token, onUnauthorized]) {
      assert.instanceOf(yield* failure(promise), OAuthError.ClientClosed)
    }
  }).pipe(Effect.provide(OAuthTest.layer())))
