/**
 * An `AuthProvider` for the TypeScript SDK of the Model Context Protocol, which returns the cached tokens of a client.
 *
 * **When to use**
 *
 * Use it if a transport of the SDK requires an `authProvider`. If the transport takes a `fetch`, pass the `fetch` of a
 * `PromiseClient` instead: it also restricts calls to the allowed origins, replays them and supports bound tokens.
 *
 * **Details**
 *
 * The index does not export this module. Import it from `@effect-oauth/client-credentials/Mcp`.
 *
 * @since 3.0.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"

import type { AccessToken } from "./AccessToken.js"
import * as lifetime from "./internal/process/lifetime.js"
import * as trial from "./internal/token/trial.js"
import { InvalidConfig } from "./InvalidConfig.js"
import type { TokenError } from "./OAuthError.js"
import { TokenCache } from "./TokenCache.js"
import { CurrentOverrides } from "./TokenRequest.js"

/**
 * The `AuthProvider` of `@modelcontextprotocol/client`, by its structure.
 *
 * @since 3.0.0
 * @category models
 */
export interface AuthProvider {
  /**
   * Returns the token of the next call. Rejects with a `TokenError`, or with `InvalidConfig` when tokens are bound to a key
   * (`dpop`).
   */
  readonly token: () => Promise<string>
  /** Reports that the server rejected the token (status 401). The SDK then repeats the call once. */
  readonly onUnauthorized: () => Promise<void>
}

const bound = new InvalidConfig({
  problems: [{
    setting: "dpop",
    expected: "absent: this transport sends bearer tokens. Give it the fetch of a PromiseClient, which sends proofs too"
  }]
})

/**
 * Creates an `AuthProvider` that returns the tokens of the `TokenCache` in the context. After the scope has ended, it
 * rejects with `ClientClosed`.
 *
 * The client requests, caches, refreshes and shares the tokens, not the SDK. All rejections of one token cause one token
 * request.
 *
 * - A transport calls one server: `TokenRequest.withOverrides` around this effect gives the tokens of that server, with
 *   its `resource` (RFC 8707) and `scope`.
 * - The SDK sends the token to the URL of its transport: `apiBaseUrl` and `apiOrigins` do not apply.
 * - Where a server requires more scope (403 with `insufficient_scope`), the call rejects with the SDK's
 *   `InsufficientScopeError`.
 * - The `OAuthClientProvider` of version 1 of the SDK makes the SDK request tokens itself: give that version a `fetch`.
 *
 * @example
 * import { TokenRequest } from "@effect-oauth/client-credentials"
 * import * as Mcp from "@effect-oauth/client-credentials/Mcp"
 *
 * // For `new StreamableHTTPClientTransport(url, { authProvider })`.
 * export const toolsProvider = Mcp.authProvider.pipe(
 *   TokenRequest.withOverrides({ resource: "https://tools.example.com/mcp", scope: "tools:call" })
 * )
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707 | RFC 8707}
 * @since 3.0.0
 * @category constructors
 */
export const authProvider: Effect.Effect<AuthProvider, never, Scope.Scope | TokenCache> = Effect.gen(function*() {
  const overrides = yield* CurrentOverrides
  const configured = yield* TokenCache
  const cache = Object.keys(overrides).length === 0 ? configured : configured.withOverrides(overrides)
  const life = yield* lifetime.make
  const state = yield* Ref.make<trial.Trial<AccessToken>>(trial.none)

  const run = async <A>(effect: Effect.Effect<A, InvalidConfig | TokenError>): Promise<A> => {
    const exit = await Effect.runPromiseExit(Effect.flatMap(
      Deferred.make<A, InvalidConfig | TokenError>(),
      (result) => Effect.zipRight(life.fork(effect, { result, onEnd: Effect.void }), Deferred.await(result))
    ))
    if (Exit.isSuccess(exit)) return exit.value
    throw Cause.squash(exit.cause)
  }

  const token = Effect.gen(function*() {
    const token = yield* cache.get
    if (token.type === "DPoP") return yield* bound
    const now = yield* Clock.currentTimeMillis
    const works = yield* Ref.modify(state, (before) => {
      const [after, works] = trial.returned(before, token, now)
      return [works, after]
    })
    if (works) yield* cache.confirm(token)
    return Redacted.value(token.value)
  })

  const rejected = Effect.gen(function*() {
    const { token } = yield* Ref.updateAndGet(state, trial.rejected)
    if (token !== undefined) yield* cache.invalidate(token)
  })

  return { token: () => run(token), onUnauthorized: () => run(rejected) }
})
