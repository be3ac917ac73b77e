/**
 * Leaks of the kind that enter a program by a single line of code.
 */
export interface PlantedLeak {
  readonly name: string
  /** In `src`. */
  readonly file: string
  /** Occurs once in the file. The replacement may use `Revealed`, the module `Redacted`. */
  readonly find: string
  readonly replace: string
  /** The test that must detect the leak. */
  readonly test: string
}

export const leaks: ReadonlyArray<PlantedLeak> = [
  {
    name: "a token in the log",
    file: "internal/process/cacheEntry.ts",
    find: "    MutableRef.set(entry.backOff, undefined)\n",
    replace: "    MutableRef.set(entry.backOff, undefined)\n" +
      "    yield* Effect.logDebug(\"got\", Revealed.value(token.value))\n",
    test: "TokenCache.make"
  },
  {
    name: "a token as the label of a metric",
    file: "internal/process/cacheEntry.ts",
    find: "metrics.clientLabel(entry.request.clientId)",
    replace: "Revealed.value(token.value)",
    test: "TokenCache.make"
  },
  {
    name: "a token that is no longer redacted",
    file: "internal/http/tokenResponse.ts",
    find: "value: Redacted.make(value)",
    replace: "value: value as never",
    test: "TokenEndpoint.make"
  },
  {
    name: "the server's description, without redaction",
    file: "internal/protocol/tokenResponse.ts",
    find: "show(written.description, 300)",
    replace: "String(written.description)",
    test: "client_secret_post, whatever"
  },
  {
    name: "the body of a strange answer in an error",
    file: "internal/protocol/tokenResponse.ts",
    find: "      \"without a usable access_token",
    replace: "      JSON.stringify(members) + \"without a usable access_token",
    test: "client_secret_post, whatever"
  },
  {
    name: "the request as it was sent, in the caller's error",
    file: "internal/seam/httpErrors.ts",
    find: "const { request } = parts",
    replace: "const { request } = error",
    test: "by a transport that repeats"
  },
  {
    name: "token requests in the platform's traces",
    file: "internal/http/exchange.ts",
    find: "isTraced: false",
    replace: "isTraced: true",
    test: "client_secret_post with DPoP, whatever"
  },
  {
    name: "a proof as an attribute of a span",
    file: "internal/http/proofKey.ts",
    find: "          return {\n            value,\n",
    replace: "          yield* Effect.annotateCurrentSpan(\"proof\", value)\n" +
      "          return {\n            value,\n",
    test: "client_secret_post with DPoP, whatever"
  },
  {
    name: "a secret as an attribute of a span",
    file: "internal/http/authenticatedRequest.ts",
    find: "    const prepare = Effect.gen(",
    replace: "    yield* Effect.annotateCurrentSpan(\"tried\", Revealed.value(credential.identity))\n" +
      "    const prepare = Effect.gen(",
    test: "client_secret_basic, whatever"
  },
  {
    name: "a token in a store without its seal",
    file: "internal/fleet/entries.ts",
    find: "yield* seal.seal(key, records.encode(next))",
    replace: "yield* Effect.succeed(key && records.encode(next))",
    test: "TokenStore.layerFiles"
  },
  {
    name: "a wrong setting in the error about it",
    file: "internal/config/credentialSource.ts",
    find: "? \"a Redacted string, created",
    replace: "? value + \" in a Redacted string, created",
    test: "ClientConfig.make"
  },
  {
    name: "an unhandled rejection",
    file: "internal/http/authenticatedRequest.ts",
    find: "    const prepare = Effect.gen(",
    replace: "    void Promise.reject(new Error(Revealed.value(credential.identity)))\n" +
      "    const prepare = Effect.gen(",
    test: "TokenEndpoint.make"
  },
  {
    name: "a secret in a public field",
    file: "TokenEndpoint.ts",
    find: "    return {\n      request: dpop === undefined ? request :",
    replace:
      "    return {\n      authentication: { secret: \"c4n4ry\" },\n      request: dpop === undefined ? request :",
    test: "TokenEndpoint.make"
  },
  {
    name: "a legacy token in the log",
    file: "LegacyToken.ts",
    find: "Effect.map(secret, (value) =>",
    replace:
      "Effect.map(Effect.tap(secret, (value) => Effect.logDebug(`sending ${Revealed.value(value)}`)), (value) =>",
    test: "by a legacy token"
  },
  {
    name: "the token that could not be revoked in the error about it",
    file: "internal/process/revocation.ts",
    find: "problem: \"a revocation is",
    replace: "problem: value + \" a revocation is",
    test: "client_secret_post, whatever"
  },
  {
    name: "a token in a file",
    file: "internal/process/cacheEntry.ts",
    find: "    MutableRef.set(entry.backOff, undefined)\n",
    replace: "    MutableRef.set(entry.backOff, undefined)\n" +
      "    const fs = yield* Effect.promise(() => import(\"node:fs\"))\n" +
      "    fs.writeFileSync(\"/dev/null\", Revealed.value(token.value))\n",
    test: "TokenCache.make"
  },
  {
    name: "a secret among the arguments of a process",
    file: "internal/http/authenticatedRequest.ts",
    find: "    const prepare = Effect.gen(",
    replace: "    const { spawnSync } = yield* Effect.promise(() => import(\"node:child_process\"))\n" +
      "    spawnSync(\"true\", [Revealed.value(credential.identity)])\n" +
      "    const prepare = Effect.gen(",
    test: "TokenEndpoint.make"
  },
  {
    name: "a token in the environment",
    file: "internal/process/cacheEntry.ts",
    find: "    MutableRef.set(entry.backOff, undefined)\n",
    replace: "    MutableRef.set(entry.backOff, undefined)\n" +
      "    process.env[\"LAST_TOKEN\"] = Revealed.value(token.value)\n",
    test: "TokenCache.make"
  },
  {
    name: "a token in a global",
    file: "internal/process/cacheEntry.ts",
    find: "    MutableRef.set(entry.backOff, undefined)\n",
    replace: "    MutableRef.set(entry.backOff, undefined)\n" +
      "    Object.assign(globalThis, { lastToken: Revealed.value(token.value) })\n",
    test: "TokenCache.make"
  },
  {
    name: "the token to be replaced in a warning about the budget",
    file: "IssuanceBudget.ts",
    find:
      "            yield* budget.settle(permit, outcome, { maxRetryAfter: requestOptions?.maxRetryAfter, organization })\n",
    replace:
      "            yield* budget.settle(permit, outcome, { maxRetryAfter: requestOptions?.maxRetryAfter, organization })\n" +
      "            const { replaces } = requestOptions ?? {}\n" +
      "            yield* Effect.logWarning(`spent for ${replaces && Revealed.value(replaces.value)}`)\n",
    test: "IssuanceBudget.make"
  },
  {
    name: "a passphrase in the error about its key",
    file: "internal/config/tlsMaterial.ts",
    find: "isKey ? key : undefined,\n      \"the private",
    replace: "isKey ? key : undefined,\n" +
      "      (passphrase && Revealed.value(passphrase)) + \"the private",
    test: "NodeTls.layer"
  },
  {
    name: "a token response as the exit of a span",
    file: "internal/http/exchange.ts",
    find: "return Redacted.make(received)",
    replace: "return Object.assign(Redacted.make(received), { received })",
    test: "TokenEndpoint.make"
  },
  {
    name: "a request as it was sent, in the exit of the platform's span",
    file: "internal/seam/tracing.ts",
    find: "Exit.succeed(view.value(exit.value))",
    replace: "Exit.succeed(exit.value)",
    test: "client_secret_post, whatever"
  },
  {
    name: "a failure as it was thrown, in the exit of a span",
    file: "internal/seam/tracing.ts",
    find: "Exit.failCause(rebuilt(exit.cause, viewed, viewed))",
    replace: "Exit.failCause(exit.cause)",
    test: "client_secret_post, whatever"
  },
  {
    name: "a header that repeats the token, as an attribute of a span",
    file: "internal/http/apiResponse.ts",
    find: "return this.#secrets.without(text)",
    replace: "return text",
    test: "client_secret_post, whatever"
  },
  {
    name: "a header that repeats the token, in a response",
    file: "internal/http/apiResponse.ts",
    find: "changed.length === 0 ? headers",
    replace: "changed.length >= 0 ? headers",
    test: "client_secret_post, whatever"
  },
  {
    name: "a secret that the server escaped or encoded",
    file: "internal/protocol/redaction.ts",
    find: "[...spelled, ...once, ...twice].flatMap(compared)",
    replace: "[spelled[0] ?? \"\", ...once, ...twice].slice(0, 1).flatMap(compared)",
    test: "client_secret_post, whatever"
  },
  {
    name: "a secret in base64",
    file: "internal/protocol/redaction.ts",
    find: "...base64.flatMap((run) => [0, 1, 2, 3].map((offset) => fromBase64(run, offset))),",
    replace: "...base64.flatMap((run) => [0].map((offset) => fromBase64(run.slice(0, 0), offset))),",
    test: "client_secret_post, whatever"
  },
  {
    name: "a part of a secret",
    file: "internal/protocol/redaction.ts",
    find: "if (parts.has(form.slice(at, at + partLength))) return true",
    replace: "if (parts.has(form.slice(at, at))) return true",
    test: "client_secret_post, whatever"
  },
  {
    name: "members of a token response that are no longer redacted",
    file: "internal/http/tokenResponse.ts",
    find: "{ members: Redacted.make(members) }",
    replace: "{ members: members as never }",
    test: "TokenEndpoint.make"
  },
  {
    name: "a token response in the warning about it",
    file: "internal/http/tokenResponse.ts",
    find: "warningText(warning, response.endpoint, terms)",
    replace: "response.body + warningText(warning, response.endpoint, terms)",
    test: "client_secret_post, whatever"
  },
  {
    name: "a legacy token by itself, in the scope that an API names",
    file: "internal/protocol/sentSecrets.ts",
    find: "[text.slice(colon + 1), text.slice(0, Math.max(0, colon))]",
    replace: "[text]",
    test: "by a legacy token"
  }
]
