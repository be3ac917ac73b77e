/**
 * The environment variables for a program that uses the servers of a test.
 */
import type * as TestApi from "../TestApi.js"
import type * as TestAuthorizationServer from "../TestAuthorizationServer.js"
import { methodsOf } from "./authentication.js"
import { behaviorOf } from "./servers.js"

/** Returns the settings of client authentication that differ from the defaults of the library. */
const authentication = (options: TestAuthorizationServer.Options) => {
  const behavior = behaviorOf(options.server, options)
  const [client] = options.clients ?? []
  const methods = client === undefined ? behavior.secretMethods : methodsOf(client, behavior)
  if (methods.includes("client_secret_post")) return {}
  return {
    OAUTH_CLIENT_AUTHENTICATION: methods[0] ?? "client_secret_post",
    ...(methods[0] === "client_secret_basic" ? { OAUTH_BASIC_ENCODING: behavior.basicEncoding } : {})
  }
}

interface Options {
  readonly server: TestAuthorizationServer.Options
  readonly api: TestApi.Options
}

/** Returns the audience and the scope of a token request, as required by the API or the server. */
const required = ({ api, server }: Options) => {
  const { missingScope, missingTarget, scopeSyntax } = behaviorOf(server.server, server)
  const { audience, requiredScope } = api
  if (scopeSyntax !== "names") return { scope: `${audience ?? server.audiences?.[0]}/.default` }
  return {
    audience: audience ?? (missingTarget === "rejected" ? server.audiences?.[0] : undefined),
    scope: requiredScope?.join(" ") ?? (missingScope === "rejected" ? server.scopes?.[0] : undefined)
  }
}

/** Returns the settings of formats that differ from the defaults of the library. */
const formats = (options: TestAuthorizationServer.Options) => {
  const { requestFormat, tokenType } = behaviorOf(options.server, options)
  return {
    ...(requestFormat === "json" ? { OAUTH_REQUEST_FORMAT: "json" } : {}),
    ...(tokenType?.toLowerCase() === "bearer" ? {} : { OAUTH_TOKEN_TYPE: "assume-bearer" })
  }
}

const isSafe = ({ hostname, protocol }: URL): boolean =>
  protocol === "https:" || hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname)

/** True if the library sends credentials and tokens to these URLs: over TLS, or to a loopback address where that is allowed. */
const isReachable = (...urls: ReadonlyArray<string>): boolean => urls.every((url) => isSafe(new URL(url)))

export const environment = (
  server: TestAuthorizationServer.TestAuthorizationServer,
  api: TestApi.TestApi,
  options: Options
): Readonly<Record<string, string>> => {
  const [client = { id: "test-client", secret: "test-secret", dpop: false }] = options.server.clients ?? []
  const { legacyTokens: [legacy] = [] } = options.api
  const { audience, scope } = required(options)
  const { paths, target } = behaviorOf(options.server.server, options.server)
  const hasMetadata = paths.metadata.length > 0
  const needsLoopback = [server.tokenUrl, api.baseUrl].some((url) => new URL(url).protocol === "http:")
  return {
    ...(hasMetadata ? { OAUTH_ISSUER: server.issuer } : {}),
    OAUTH_TOKEN_URL: server.tokenUrl,
    ...(server.revocationUrl === undefined ? {} : { OAUTH_REVOCATION_URL: server.revocationUrl }),
    OAUTH_CLIENT_ID: client.id,
    ...(client.secret === undefined ? {} : { OAUTH_CLIENT_SECRET: client.secret }),
    ...authentication(options.server),
    ...formats(options.server),
    ...(client.dpop === true ? { OAUTH_DPOP: "true" } : {}),
    ...(audience === undefined ? {} : { [target === "resource" ? "OAUTH_RESOURCE" : "OAUTH_AUDIENCE"]: audience }),
    ...(scope === undefined ? {} : { OAUTH_SCOPE: scope }),
    ...(needsLoopback && isReachable(server.tokenUrl, api.baseUrl) ? { OAUTH_ALLOW_HTTP_LOOPBACK: "true" } : {}),
    ...(legacy === undefined ? {} : { LEGACY_TOKEN_ID: legacy.id, LEGACY_TOKEN_SECRET: legacy.secret }),
    API_BASE_URL: api.baseUrl
  }
}
