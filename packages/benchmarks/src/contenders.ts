/**
 * The contenders of the benchmarks.
 */
import type { Contender, Loaded } from "./contender.js"
import type * as effectOauth from "./contenders/effectOauth.js"
import type * as promiseClient from "./contenders/promiseClient.js"
import type * as signedEffectOauth from "./contenders/signed/effectOauth.js"
import * as plain from "./repeat.js"
import { isValue, type Row } from "./result.js"
import type { Signed, Signing } from "./signed.js"
import type * as httpClient from "./transport/httpClient.js"

const effect = ["effect", "@effect/platform"]

/** The library on the major of Effect that `npm install effect` installs. */
export const ours = "effect-oauth"

/** The library on Effect 3. */
export const oursOnEffect3 = `${ours} on Effect 3`

/** Returns true for the library, on either major. */
export const isOurs = (name: string): boolean => name === ours || name === oursOnEffect3

type Program = Pick<typeof effectOauth, "make"> & Partial<Pick<typeof effectOauth, "inOneRuntime">>

/** Loads a program of Effect, with the HTTP client of its major. */
const ofEffect = async (
  program: Promise<Program>,
  transport: Promise<typeof httpClient>,
  repeat: () => Promise<Pick<Loaded, "repeat">>
): Promise<Loaded> => {
  const [{ inOneRuntime, make }, { layerOf }] = await Promise.all([program, transport])
  return {
    make: async (surroundings) => make({ ...surroundings, httpClient: await layerOf(surroundings.stacks) }),
    inOneRuntime: inOneRuntime === undefined
      ? undefined
      : async (surroundings) => inOneRuntime({ ...surroundings, httpClient: await layerOf(surroundings.stacks) }),
    repeat: async (...parameters) => (await repeat()).repeat(...parameters)
  }
}

const onEffect3 = (program: () => Promise<Program>) => () =>
  ofEffect(program(), import("./transport/httpClient.js"), () => import("./repeatInEffect.js"))

/** The folder of the files of this package that were rewritten for Effect 4 and compiled. */
export const folderForEffect4 = new URL("../../effect-4/generated/benchmarks/dist/", import.meta.url)

/** Imports a rewritten file, by its types for Effect 3. */
const rewritten = <A>(file: string): Promise<A> => import(new URL(file, folderForEffect4).href) as Promise<A>

const onEffect4 = (module: string) => () =>
  ofEffect(
    rewritten(`contenders/${module}.js`),
    rewritten("transport/httpClient.js"),
    () => rewritten("repeatInEffect.js")
  )

const signedOnEffect =
  (program: () => Promise<typeof signedEffectOauth>, transport: () => Promise<typeof httpClient>) => async () => {
    const [{ make }, { layerOf }] = await Promise.all([program(), transport()])
    return async (signing: Signing) => make({ ...signing, httpClient: await layerOf(signing.stacks) })
  }

const withPromises = (program: () => Promise<Pick<Loaded, "make">>) => async (): Promise<Loaded> => ({
  make: (await program()).make,
  repeat: plain.repeat
})

export const contenders: ReadonlyArray<Contender> = [
  {
    name: ours,
    module: "effectOauth",
    effect: 4,
    load: onEffect4("effectOauth"),
    packages: ["@effect-oauth/client-credentials", "effect@4"],
    baseline: "bare HttpClient",
    stack: ["effect"],
    caches: true,
    replays: true,
    usage: "`ClientCredentials.layer` and its `ApiClient`, with all defaults"
  },
  {
    name: oursOnEffect3,
    module: "effectOauth",
    effect: 3,
    load: onEffect3(() => import("./contenders/effectOauth.js")),
    packages: ["@effect-oauth/client-credentials", ...effect],
    baseline: "bare HttpClient on Effect 3",
    stack: effect,
    caches: true,
    replays: true,
    usage: "the same source, on Effect 3"
  },
  {
    name: "@badgateway/oauth2-client",
    module: "badgateway",
    load: withPromises(() => import("./contenders/badgateway.js")),
    packages: ["@badgateway/oauth2-client"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: true,
    usage:
      "`OAuth2Fetch` with `getNewToken: () => client.clientCredentials()`, as in its README; its `mw()`, on which its " +
      "`fetch` is based, receives the transport"
  },
  {
    name: "openid-client",
    module: "openidClient",
    load: withPromises(() => import("./contenders/openidClient.js")),
    packages: ["openid-client"],
    baseline: "bare fetch",
    stack: [],
    caches: false,
    replays: false,
    usage:
      "`clientCredentialsGrant` and `fetchProtectedResource`; it does not cache tokens, so the program caches the " +
      "response until `expiresIn()` is 0"
  },
  {
    name: "oauth4webapi",
    module: "oauth4webapi",
    load: withPromises(() => import("./contenders/oauth4webapi.js")),
    packages: ["oauth4webapi"],
    baseline: "bare fetch",
    stack: [],
    caches: false,
    replays: false,
    usage:
      "`clientCredentialsGrantRequest` and `protectedResourceRequest`, as in its example; it does not cache tokens, so the " +
      "program caches the token for `expires_in`"
  },
  {
    name: "simple-oauth2",
    module: "simpleOauth2",
    load: withPromises(() => import("./contenders/simpleOauth2.js")),
    packages: ["simple-oauth2"],
    baseline: "bare fetch",
    stack: ["@hapi/wreck", "@hapi/boom", "@hapi/bourne"],
    caches: false,
    replays: false,
    usage: "`ClientCredentials.getToken`; it does not cache tokens, so the program caches the token until " +
      "`accessToken.expired()`; it sends no calls, so they are sent with `fetch`"
  },
  {
    name: "google-auth-library",
    module: "googleAuthLibrary",
    load: withPromises(() => import("./contenders/googleAuthLibrary.js")),
    packages: ["google-auth-library"],
    baseline: "bare gaxios",
    stack: ["gaxios", "node-fetch", "https-proxy-agent", "agent-base", "fetch-blob", "formdata-polyfill", "extend"],
    importsToCall: true,
    caches: true,
    replays: true,
    usage:
      "`OAuth2Client` with a `refreshHandler`, its documented option for other issuers, and `forceRefreshOnFailure` " +
      "(version 10, the newest for Node 20). Its built-in grants are for Google's issuer only"
  },
  {
    name: "@azure/msal-node",
    module: "msalNode",
    load: withPromises(() => import("./contenders/msalNode.js")),
    packages: ["@azure/msal-node"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: false,
    usage:
      "`ConfidentialClientApplication.acquireTokenByClientCredential` before each call, as in its documentation; " +
      "it sends no calls, so they are sent with `fetch`"
  },
  {
    name: "auth0",
    module: "auth0",
    load: withPromises(() => import("./contenders/auth0.js")),
    packages: ["auth0"],
    baseline: "bare fetch",
    stack: [],
    caches: true,
    replays: false,
    usage: "`TokenProvider` of `auth0/management`; calls to other APIs than its own are sent with `fetch`"
  },
  {
    name: "axios-token-interceptor",
    module: "axiosTokenInterceptor",
    load: withPromises(() => import("./contenders/axiosTokenInterceptor.js")),
    packages: ["axios-token-interceptor", "axios-oauth-client", "axios"],
    baseline: "bare axios",
    stack: ["axios", "follow-redirects", "form-data", "proxy-from-env", "https-proxy-agent", "agent-base"],
    caches: true,
    replays: false,
    usage: "`tokenCache` with `getMaxAge`, as in its README, over `axios-oauth-client`"
  },
  {
    name: "bare HttpClient",
    module: "httpClient",
    effect: 4,
    load: onEffect4("httpClient"),
    packages: ["effect@4"],
    baseline: undefined,
    stack: ["effect"],
    caches: false,
    replays: false,
    usage: "`HttpClient.get` of `effect/http`, with a fixed token in the header"
  },
  {
    name: "bare HttpClient on Effect 3",
    module: "httpClient",
    effect: 3,
    load: onEffect3(() => import("./contenders/httpClient.js")),
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
    load: withPromises(() => import("./contenders/bareFetch.js")),
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
    load: withPromises(() => import("./contenders/bareAxios.js")),
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
    load: withPromises(() => import("./contenders/bareGaxios.js")),
    packages: ["google-auth-library"],
    baseline: undefined,
    stack: ["gaxios"],
    caches: false,
    replays: false,
    usage: "`Gaxios.request`, with a fixed token in the header"
  }
]

const named = (all: ReadonlyArray<Contender>, name: string): Contender => {
  const found = all.find((contender) => contender.name === name)
  if (found === undefined) throw new Error(`There is no contender "${name}"`)
  return found
}

/** The library as programs without Effect call it, on both majors. */
export const promiseClients: ReadonlyArray<Contender & { readonly of: string }> = [
  { of: ours, load: () => rewritten<typeof promiseClient>("contenders/promiseClient.js") },
  { of: oursOnEffect3, load: () => import("./contenders/promiseClient.js") }
].map(({ load, of }) => ({
  ...named(contenders, of),
  of,
  name: `${of} by promises`,
  module: "promiseClient",
  baseline: "bare fetch",
  load: withPromises(load)
}))

/** Loads the clients that sign. */
export const signed: Readonly<Record<string, () => Promise<(signing: Signing) => Promise<Signed>>>> = {
  [ours]: signedOnEffect(
    () => rewritten<typeof signedEffectOauth>("contenders/signed/effectOauth.js"),
    () => rewritten<typeof httpClient>("transport/httpClient.js")
  ),
  [oursOnEffect3]: signedOnEffect(
    () => import("./contenders/signed/effectOauth.js"),
    () => import("./transport/httpClient.js")
  ),
  "openid-client": async () => (await import("./contenders/signed/openidClient.js")).make,
  oauth4webapi: async () => (await import("./contenders/signed/oauth4webapi.js")).make
}

/** Contenders that obtain tokens. */
export const peers = contenders.filter(({ baseline }) => baseline !== undefined)

/** Returns the difference of each contender with tokens to the bare client of its HTTP stack. */
export const addedToBare = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  peers.flatMap(({ baseline, name }): ReadonlyArray<Row> => {
    const [own, bare] = [name, baseline].map((one) => rows.find(({ contender }) => contender === one))
    if (own === undefined) return []
    if (!isValue(own)) return [own]
    if (bare === undefined || !isValue(bare)) {
      return [{ contender: name, absent: "the bare client was not measured alone" }]
    }
    const { contender, high, low, median } = own
    return [{ contender, median: median - bare.median, low: low - bare.median, high: high - bare.median }]
  })

export const byName = (name: string): Contender => named([...contenders, ...promiseClients], name)
