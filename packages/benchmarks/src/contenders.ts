/**
 * Who takes part.
 */
import type { Contender } from "./contender.js"

const effect = ["effect", "@effect/platform"]

export const ours = "effect-oauth"

export const contenders: ReadonlyArray<Contender> = [
  {
    name: ours,
    module: "effectOauth",
    load: () => import("./contenders/effectOauth.js"),
    packages: ["@effect-oauth/client-credentials", ...effect],
    baseline: "bare HttpClient",
    stack: effect,
    caches: true,
    replays: true,
    usage: "`ClientCredentials.layer` and the `ApiClient` of it, all defaults"
  },
  {
    name: "@badgateway/oauth2-client",
    module: "badgateway",
    load: () => import("./contenders/badgateway.js"),
    packages: ["@badgateway/oauth2-client"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: true,
    usage:
      "`OAuth2Fetch` with `getNewToken: () => client.clientCredentials()`, as its README shows; its `mw()`, which is " +
      "what its `fetch` is made of, takes the transport"
  },
  {
    name: "openid-client",
    module: "openidClient",
    load: () => import("./contenders/openidClient.js"),
    packages: ["openid-client"],
    baseline: "bare fetch",
    stack: [],
    caches: false,
    replays: false,
    usage:
      "`clientCredentialsGrant` and `fetchProtectedResource`; it keeps no token, so the program keeps the answer " +
      "until `expiresIn()` is 0"
  },
  {
    name: "oauth4webapi",
    module: "oauth4webapi",
    load: () => import("./contenders/oauth4webapi.js"),
    packages: ["oauth4webapi"],
    baseline: "bare fetch",
    stack: [],
    caches: false,
    replays: false,
    usage:
      "`clientCredentialsGrantRequest` and `protectedResourceRequest`, as in its example; it keeps no token, so the " +
      "program keeps it until `expires_in` is over"
  },
  {
    name: "simple-oauth2",
    module: "simpleOauth2",
    load: () => import("./contenders/simpleOauth2.js"),
    packages: ["simple-oauth2"],
    baseline: "bare fetch",
    stack: ["@hapi/wreck", "@hapi/boom", "@hapi/bourne"],
    caches: false,
    replays: false,
    usage:
      "`ClientCredentials.getToken`; it keeps no token, so the program keeps it until `accessToken.expired()`; it " +
      "makes no calls, so those are made with `fetch`"
  },
  {
    name: "google-auth-library",
    module: "googleAuthLibrary",
    load: () => import("./contenders/googleAuthLibrary.js"),
    packages: ["google-auth-library"],
    baseline: "bare gaxios",
    stack: ["gaxios", "node-fetch", "https-proxy-agent", "agent-base", "fetch-blob", "formdata-polyfill", "extend"],
    importsToCall: true,
    caches: true,
    replays: true,
    usage:
      "`OAuth2Client` with a `refreshHandler`, its documented way for tokens of others, and `forceRefreshOnFailure` " +
      "(version 10, the newest for Node 20). Its own grants are for Google's issuer only"
  },
  {
    name: "@azure/msal-node",
    module: "msalNode",
    load: () => import("./contenders/msalNode.js"),
    packages: ["@azure/msal-node"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: false,
    usage:
      "`ConfidentialClientApplication.acquireTokenByClientCredential` before each call, as its documentation says; " +
      "it makes no calls, so those are made with `fetch`"
  },
  {
    name: "auth0",
    module: "auth0",
    load: () => import("./contenders/auth0.js"),
    packages: ["auth0"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: false,
    usage: "`TokenProvider` of `auth0/management`; calls other than those of its own API are made with `fetch`"
  },
  {
    name: "axios-token-interceptor",
    module: "axiosTokenInterceptor",
    load: () => import("./contenders/axiosTokenInterceptor.js"),
    packages: ["axios-token-interceptor", "axios-oauth-client", "axios"],
    baseline: "bare axios",
    stack: ["axios", "follow-redirects", "form-data", "proxy-from-env", "https-proxy-agent", "agent-base"],
    caches: true,
    replays: false,
    usage: "`tokenCache` with `getMaxAge`, as its README shows, over `axios-oauth-client`"
  },
  {
    name: "bare HttpClient",
    module: "httpClient",
    load: () => import("./contenders/httpClient.js"),
    packages: effect,
    baseline: undefined,
    stack: effect,
    caches: false,
    replays: false,
    usage: "`HttpClient.get` of `@effect/platform`, with a fixed token in the header"
  },
  {
    name: "bare fetch",
    module: "bareFetch",
    load: () => import("./contenders/bareFetch.js"),
    packages: [],
    baseline: undefined,
    stack: [],
    caches: false,
    replays: false,
    usage: "`fetch`, with a fixed token in the header"
  },
  {
    name: "bare axios",
    module: "bareAxios",
    load: () => import("./contenders/bareAxios.js"),
    packages: ["axios"],
    baseline: undefined,
    stack: ["axios"],
    caches: false,
    replays: false,
    usage: "`axios.get`, with a fixed token in the header"
  },
  {
    name: "bare gaxios",
    module: "bareGaxios",
    load: () => import("./contenders/bareGaxios.js"),
    packages: ["google-auth-library"],
    baseline: undefined,
    stack: ["gaxios"],
    caches: false,
    replays: false,
    usage: "`Gaxios.request`, with a fixed token in the header"
  }
]

/** Those that obtain tokens. */
export const peers = contenders.filter(({ baseline }) => baseline !== undefined)

export const byName = (name: string): Contender => {
  const found = contenders.find((contender) => contender.name === name)
  if (found === undefined) throw new Error(`There is no contender "${name}"`)
  return found
}
