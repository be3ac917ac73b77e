/**
 * What exists at the authorization server of a test when the test does not say so: what its API requires.
 */
import type * as TestApi from "../TestApi.js"
import type * as TestAuthorizationServer from "../TestAuthorizationServer.js"

interface Options {
  readonly server?: TestAuthorizationServer.Options | NonNullable<TestAuthorizationServer.Options["server"]> | undefined
  readonly api?: TestApi.Options | undefined
}

/** The scopes and audiences of an API. */
const ofApi = ({ audience, baseUrl = "https://api.test", requiredScope }: TestApi.Options) => ({
  scopes: requiredScope ?? [],
  audiences: audience === undefined ? [baseUrl] : [audience, baseUrl]
})

/** The options of the server. `requireNonce` is read when it is used, since a test may change it. */
export const serverOptions = ({ api = {}, server = {} }: Options): TestAuthorizationServer.Options => {
  const given: TestAuthorizationServer.Options = typeof server === "string" ? { server } : server
  const { audiences, scopes } = ofApi(api)
  return {
    ...given,
    get requireNonce() {
      return given.requireNonce
    },
    audiences: given.audiences ?? audiences,
    scopes: given.scopes ?? scopes
  }
}
