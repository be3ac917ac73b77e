/**
 * Default registrations at the authorization server of a test, derived from the requirements of its API.
 */
import type * as TestApi from "../TestApi.js"
import type * as TestAuthorizationServer from "../TestAuthorizationServer.js"

export interface Options {
  readonly server?: TestAuthorizationServer.Options | NonNullable<TestAuthorizationServer.Options["server"]> | undefined
  readonly api?: TestApi.Options | undefined
}

/** Returns the base URL, scopes and audiences of an API. */
const ofApi = ({ audience, baseUrl = "https://api.test", requiredScope }: TestApi.Options) => ({
  apiBaseUrl: baseUrl,
  scopes: requiredScope ?? [],
  audiences: audience === undefined ? [baseUrl] : [audience, baseUrl]
})

/** Returns merged options. `requireNonce` is read when it is used, since a test may change it. */
const withOptions = (
  given: TestAuthorizationServer.Options,
  more: TestAuthorizationServer.Options
): TestAuthorizationServer.Options => ({
  ...given,
  ...more,
  get requireNonce() {
    return given.requireNonce
  }
})

/** Returns the options of the server, with the requirements of its API. */
export const serverOptions = ({ api = {}, server = {} }: Options): TestAuthorizationServer.Options => {
  const given: TestAuthorizationServer.Options = typeof server === "string" ? { server } : server
  const { apiBaseUrl, audiences, scopes } = ofApi(api)
  return withOptions(given, {
    apiBaseUrl: given.apiBaseUrl ?? apiBaseUrl,
    audiences: given.audiences ?? audiences,
    scopes: given.scopes ?? scopes
  })
}

export const withIssuer = (given: TestAuthorizationServer.Options, issuer: string): TestAuthorizationServer.Options =>
  withOptions(given, { issuer })
