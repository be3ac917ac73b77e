/**
 * The messages of the library, as the command states them: in variables and options, and without names of programs.
 */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ClientConfig, OAuthError } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { ConfigProvider, Duration, Effect } from "effect"
import ts from "typescript"

import * as redaction from "../../client-credentials/dist/internal/protocol/redaction.js"
import * as tokenResponse from "../../client-credentials/dist/internal/protocol/tokenResponse.js"
import { explain } from "../src/internal/explain.js"
import * as ownWords from "../src/internal/ownWords.js"
import * as binary from "./support/binary.js"

/** Names of modules, services and options, which a user of the command has never seen. */
const names =
  /\b[A-Z]\w*\.(?!(?:env|js)\b)[a-z]\w*|\b(?!kB\b)[a-z]+[A-Z]\w*|\b(?:ApiClient|TokenCache|HttpClient|PromiseClient)\b|\bdpop\b/

/** The string of an expression of literals, with a placeholder for every other part; undefined for other expressions. */
const stringOf = (node: ts.Node): string | undefined => {
  const part = (one: ts.Node) => stringOf(one) ?? "…"
  return ts.isParenthesizedExpression(node)
    ? stringOf(node.expression)
    : ts.isStringLiteralLike(node)
    ? node.text
    : ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map(({ expression, literal }) => part(expression) + literal.text).join("")
    : ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken
    ? part(node.left) + part(node.right)
    : undefined
}

/** The sentences and their parts in a source file. */
const sentencesOf = (path: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  const visit = (node: ts.Node, isPart: boolean): void => {
    const text = stringOf(node)
    if (text !== undefined && !isPart && /[a-z] [a-z]/.test(text)) all.push(text)
    ts.forEachChild(node, (child) => visit(child, text !== undefined && stringOf(child) !== undefined))
  }
  visit(ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true), false)
  return all
}

const sourcesOf = (name: string): ReadonlyArray<string> => {
  const folder = fileURLToPath(new URL(`../../${name}/src/`, import.meta.url))
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
    .map((path) => join(folder, path))
}

const library = sourcesOf("client-credentials")

/** The modules and errors of the library with several words in their name, and its metrics. */
const libraryNames = new RegExp(
  `\\boauth\\.[a-z]|\\b(?:${
    [
      ...library.map((path) => basename(path, ".ts")),
      ...[
        ...readFileSync(library.find((path) => /\/OAuthError\.ts$/.test(path)) ?? "", "utf8").matchAll(
          /^export class (\w+)/gm
        )
      ]
        .map(([, name]) => name ?? "")
    ].filter((name) => /^(?:[A-Z][a-z]+){2,}$/.test(name)).join("|")
  })\\b`
)

/** Sentences of the bundle about settings that only a program can make, and names of other programs. */
const elsewhere = [
  /httpClient: NodeTls|Grant\.(?:onBehalfOf|jwtBearer)|TokenCache of another client|Redacted string|Create a PromiseClient once|or \{ timeZone \}/,
  /Signer\.fromDer|rejectedWhen\.response|tokenResponse does not decode|ownToken or fail|defaultMode 0400/,
  /ignored by the HttpClient provided|so revokeAtShutdown revokes nothing/
]

const endpoint = "https://auth.example.com/token"

const codes = [
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "invalid_dpop_proof",
  "use_dpop_nonce",
  "access_denied",
  "server_error",
  "too_many_requests",
  "other"
]

const budget = { limit: 5, resetsAt: 0, retryAfter: Duration.seconds(1), reserved: false }

/** Token responses that are not valid, by the requested type of token. */
const responses = [
  "a page",
  {},
  { access_token: "t" },
  { access_token: "t", token_type: "mac" },
  { access_token: "t", token_type: "Bearer" },
  { access_token: "t", token_type: "DPoP" },
  { access_token: "t", token_type: "N_A", issued_token_type: "other" },
  { access_token: "t", token_type: "N_A", scope: "b" }
]

const invalidResponses = ([["Bearer", undefined], ["DPoP", undefined], ["Bearer", "urn:x"]] as const)
  .flatMap(([type, requestedType]) =>
    responses.flatMap((members) => {
      const response = {
        endpoint,
        status: 200,
        headers: {},
        body: JSON.stringify(members),
        requestedAt: 0,
        receivedAt: 0
      }
      const decoded = tokenResponse.decode(response, {
        defaultLife: 1,
        maxLife: 1,
        redaction: redaction.make([]),
        type,
        requestedType,
        tokenType: "verify",
        requiredScope: ["a"],
        requestedScope: ["a"],
        hint: undefined
      })
      return decoded._tag === "Failure" && decoded.error._tag === "InvalidTokenResponse"
        ? [new OAuthError.InvalidTokenResponse(decoded.error)]
        : []
    })
  )

const errors: ReadonlyArray<object> = [
  ...invalidResponses,
  ...codes.flatMap((error) =>
    [400, 401, 403, 429].map((status) => new OAuthError.TokenErrorResponse({ endpoint, status, error }))
  ),
  new OAuthError.TokenErrorResponse({ endpoint, status: 404, error: "not_found" }),
  ...(["connection", "certificate", "timeout", "status", "client"] as const).flatMap((reason) =>
    [endpoint, "https://auth.example.com/.well-known/openid-configuration"].map((endpoint) =>
      new OAuthError.TokenEndpointUnavailable({ endpoint, reason, detail: "x" })
    )
  ),
  ...(["client secret", "private key", "identity token"] as const).map((credential) =>
    new OAuthError.CredentialUnavailable({ credential, problem: "x" })
  ),
  ...(["budget", "issuer", "unanswered"] as const).map((by) =>
    new OAuthError.IssuanceBudgetExhausted({ ...budget, by })
  ),
  new OAuthError.IssuanceBudgetExhausted({ ...budget, by: "budget", reserved: true }),
  new OAuthError.RevocationUnsupported({ endpoint }),
  new OAuthError.OriginNotAllowed({ origin: "https://a.example", allowed: [] }),
  new OAuthError.OriginNotAllowed({ origin: "https://a.example", allowed: ["https://b.example"] }),
  new OAuthError.PathNotAllowed({ baseUrl: "https://a.example/v1", path: "/admin" }),
  new OAuthError.InsufficientScope({ endpoint, scope: ["a"] }),
  new OAuthError.InsufficientUserAuthentication({ endpoint, acrValues: ["gold"] }),
  new OAuthError.InsufficientClaims({ endpoint, claims: "{}" })
]

const valid = {
  OAUTH_TOKEN_URL: endpoint,
  OAUTH_CLIENT_ID: "a",
  OAUTH_CLIENT_SECRET: "b",
  API_BASE_URL: "https://api.example.com"
}

/** Settings that are not valid, each beside valid ones. */
const mistakes: ReadonlyArray<Readonly<Record<string, string>>> = [
  { OAUTH_TOKEN_URL: "" },
  { OAUTH_CLIENT_ID: "" },
  { OAUTH_CLIENT_SECRET: "" },
  { API_BASE_URL: "" },
  ...["OAUTH_TOKEN_URL", "OAUTH_ISSUER", "OAUTH_REVOCATION_URL", "API_BASE_URL", "API_ORIGINS", "API_REJECTED_STATUSES"]
    .map((
      name
    ) => ({ [name]: "http://x" })),
  ...["basic", "none", "client_secret_jwt", "private_key_jwt", "workload_identity"].map((one) => ({
    OAUTH_CLIENT_AUTHENTICATION: one
  })),
  { OAUTH_BASIC_ENCODING: "raw", OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" },
  { OAUTH_BASIC_ENCODING: "raw", OAUTH_CLIENT_ID: "a:b" },
  { OAUTH_PRIVATE_KEY: "x" },
  { OAUTH_PRIVATE_KEY: "x", OAUTH_CLIENT_SECRET: "" },
  ...[
    "OAUTH_BASIC_ENCODING",
    "OAUTH_SIGNING_ALGORITHM",
    "OAUTH_ASSERTION_AUDIENCE",
    "OAUTH_DPOP",
    "OAUTH_DPOP_KEY",
    "OAUTH_REQUEST_FORMAT",
    "OAUTH_TOKEN_TYPE",
    "OAUTH_GRANT",
    "OAUTH_SUBJECT_TOKEN",
    "OAUTH_SUBJECT_TOKEN_TYPE",
    "OAUTH_CERTIFICATE_BOUND_TOKENS",
    "OAUTH_ALLOW_HTTP_LOOPBACK",
    "OAUTH_AUTHORIZATION_DETAILS",
    "OAUTH_CLIENT_SECRET_FILE",
    "OAUTH_TLS_MIN_VERSION",
    "OAUTH_TLS_CA_FILE",
    "OAUTH_TLS_CERTIFICATE_FILE",
    "API_ALLOW_OUTSIDE_BASE_PATH"
  ].map((name) => ({ [name]: "x" })),
  { OAUTH_PARAMETERS: "scope=x" },
  { OAUTH_DPOP: "true", OAUTH_TOKEN_TYPE: "assume-bearer" },
  { OAUTH_DPOP: "false", OAUTH_DPOP_KEY: "x" }
]

describe("the messages of the command", () => {
  it("name no part of a program", () => {
    for (const error of errors) {
      const { message } = explain(error)
      const own = message.replaceAll(/"[^"]*"|https:\/\/\S+/g, "")
      assert.notMatch(own, names, message)
      assert.notMatch(message, /\(\)|\.\.$| {2}| ,|Unexpected/, message)
    }
  })

  it("are free of names of the library in every sentence of the bundle", () => {
    const bundle = readFileSync(binary.path.replace(/[^/]*$/, "program.cjs"), "utf8")
    const isBundled = (sentence: string) => {
      const [longest = ""] = sentence.split("…").map((one) => one.trim()).sort((left, right) =>
        right.length - left.length
      )
      const part = longest.slice(0, 60)
      return [part, part.replaceAll("\"", "\\\""), part.replaceAll("`", "\\`")].some((one) => bundle.includes(one))
    }
    const found = library.flatMap(sentencesOf).filter(isBundled)
    assert.isAbove(found.length, 300)
    // That of the phrases of the library themselves is left out.
    const command = sourcesOf("cli").filter((path) => basename(path) !== "ownWords.ts")
    const own = [...found.map(ownWords.of), ...command.flatMap(sentencesOf)]
      .filter((sentence) => !elsewhere.some((one) => one.test(sentence)))
    const isNamed = (sentence: string) =>
      names.test(sentence.replaceAll(/"[^"]*"|https:\/\/\S+/g, "")) || libraryNames.test(sentence)
    assert.deepStrictEqual(own.filter(isNamed), [])
  })

  it.effect("name variables where settings are wrong", () =>
    Effect.forEach(mistakes, (mistake) => {
      const provider = ConfigProvider.fromMap(new Map(Object.entries({ ...valid, ...mistake })), {
        pathDelim: "\u0000",
        seqDelim: "\u0000"
      })
      return Effect.all([
        Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()),
        Effect.provide(Effect.void, NodeTls.layerEnv())
      ]).pipe(
        Effect.provide(NodeContext.layer),
        Effect.withConfigProvider(provider),
        Effect.flip,
        Effect.map((error) => {
          const { message, outcome } = explain(error)
          assert.strictEqual(outcome, "configuration")
          assert.match(message, /\b(?:OAUTH|API)_[A-Z_]+\b/, JSON.stringify(mistake))
          assert.notMatch(message, names, JSON.stringify(mistake))
          const given: Readonly<Record<string, string>> = { ...valid, ...mistake }
          for (const [, name = ""] of message.matchAll(/^(\w+) is missing: expected /gm)) {
            assert.isNotOk(given[name], message)
          }
          const [[only = "", value] = []] = Object.entries(mistake)
          if (value === "") {
            assert.match(message, new RegExp(`^${only} is missing: expected `))
          }
        })
      )
    }))
})
