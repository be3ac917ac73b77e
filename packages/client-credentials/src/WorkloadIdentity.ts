/**
 * Identity tokens of the platform that a program runs on. The platform issues them to the workload without a secret,
 * for minutes or hours.
 *
 * Each source is an Effect that reads the current token, and may be used wherever a token is presented: as the client
 * assertion (`ClientAuthentication.workloadIdentity`), as the assertion or the subject of a grant (`Grant.jwtBearer`,
 * `Grant.tokenExchange`). Any other Effect that yields a Redacted string is a source too, such as one that calls an SDK.
 *
 * @since 3.0.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { printable } from "./internal/config/check.js"
import * as tokenFile from "./internal/config/tokenFile.js"
import * as platform from "./internal/http/directRequest.js"
import { isRecord, readJson } from "./internal/protocol/json.js"
import { builtin } from "./internal/protocol/platformModule.js"
import { isLoopback } from "./internal/protocol/urls.js"
import { CredentialUnavailable } from "./OAuthError.js"

/**
 * Reads the current identity token. It runs for every token request.
 *
 * @since 3.0.0
 * @category models
 */
export type Source = Effect.Effect<Redacted.Redacted<string>, CredentialUnavailable>

/** Permanent where the options are wrong: what takes a source reports this error in its place as `InvalidConfig`. */
const unavailable = (problem: string, permanent = false) =>
  new CredentialUnavailable({ credential: "identity token", problem, permanent })

/** Used without options, of which missing ones are reported. */
const noOptions = {} as never

/** Validates an option, which becomes part of a URL: other values would be converted to strings. */
const given = <A>(name: string, value: A, use: (value: string & A) => Source): Source =>
  printable(value) ? use(value) : unavailable(`${name} is not a string of one or more characters`, true)

/**
 * Reads the JWT in a file that the platform replaces: a projected service account token of Kubernetes, that which
 * `AZURE_FEDERATED_TOKEN_FILE` names, a JWT-SVID of SPIFFE.
 *
 * A file that is missing, empty or incomplete is read again for one second. After that, the token that was read before is
 * used until it expires, with a warning. A new token in a file that was written less than a second ago is read twice,
 * since a token that is cut off within its signature looks complete. Needs a runtime with files: Node, Bun or Deno.
 *
 * @example
 * import { WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const identity = WorkloadIdentity.file("/var/run/secrets/tokens/api")
 *
 * @since 3.0.0
 * @category constructors
 */
export const file = (path: string): Source =>
  given("the path", path, (path) => {
    const files = builtin<tokenFile.Files>("node:fs/promises")
    return files === undefined ? unavailable("this runtime has no files", true) : tokenFile.make(files, path)
  })

const variable = (name: string): Effect.Effect<string | undefined, CredentialUnavailable> =>
  Effect.map(
    Effect.orElseSucceed(Config.option(Config.string(name)), () => Option.none<string>()),
    (value) => Option.getOrUndefined(Option.filter(value, (text) => text !== ""))
  )

/** A token in a response. */
const token = (service: string, value: unknown): Source =>
  printable(value) ? Effect.succeed(Redacted.make(value)) : unavailable(`the response of ${service} has no token in it`)

const member = (service: string, body: string, name: string): Source => {
  const json = readJson(body)
  return token(service, isRecord(json) ? json[name] : undefined)
}

const github = "GitHub Actions"

/**
 * Requests the identity token of a job of GitHub Actions for an audience. The job needs the permission `id-token: write`.
 *
 * @see {@link https://docs.github.com/en/actions/reference/security/oidc | OpenID Connect in GitHub Actions}
 *
 * @example
 * import { WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const identity = WorkloadIdentity.gitHubActions({ audience: "https://auth.example.com" })
 *
 * @since 3.0.0
 * @category constructors
 */
export const gitHubActions = ({ audience }: { readonly audience: string } = noOptions): Source =>
  given("the audience", audience, (audience) =>
    Effect.gen(function*() {
      const endpoint = yield* variable("ACTIONS_ID_TOKEN_REQUEST_URL")
      const bearer = yield* variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
      if (endpoint === undefined || bearer === undefined || !URL.canParse(endpoint)) {
        return yield* unavailable(
          "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set: give the job the permission " +
            "id-token: write"
        )
      }
      const url = new URL(endpoint)
      if (url.protocol !== "https:") return yield* unavailable("ACTIONS_ID_TOKEN_REQUEST_URL is not an https: URL")
      url.searchParams.set("audience", audience)
      const headers = { accept: "application/json", authorization: `Bearer ${bearer}` }
      const { body } = yield* platform.get(platform.byFetch, github, { url: url.href, headers })
      return yield* member(github, body, "value")
    }))

/** The link-local address of metadata services, by number: a name could be resolved to another host. */
const metadataHost = "http://169.254.169.254"

const google = "the metadata service of Google Cloud"

/**
 * Requests the identity token of a service account of Google Cloud from the metadata service of the machine (Compute Engine,
 * Kubernetes Engine, Cloud Run).
 *
 * `serviceAccount` is its e-mail address; default: that of the machine. The request goes directly to the link-local
 * address of the service, and a response without `Metadata-Flavor` is an error.
 *
 * @example
 * import { WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const identity = WorkloadIdentity.googleMetadata({ audience: "https://auth.example.com" })
 *
 * @since 3.0.0
 * @category constructors
 */
export const googleMetadata = (
  { audience, serviceAccount = "default" }: {
    readonly audience: string
    readonly serviceAccount?: string | undefined
  } = noOptions
): Source =>
  given("the audience", audience, (audience) =>
    given("the service account", serviceAccount, (account) => {
      const query = new URLSearchParams({ audience, format: "full" })
      const path = `/computeMetadata/v1/instance/service-accounts/${encodeURIComponent(account)}/identity`
      return Effect.flatMap(
        platform.get(platform.direct, google, {
          url: `${metadataHost}${path}?${query}`,
          headers: { "metadata-flavor": "Google" }
        }),
        ({ body, headers }) =>
          headers["metadata-flavor"] === "Google"
            ? token(google, body.trim())
            : unavailable(`another server responds in place of ${google}`)
      )
    }))

const azure = "the managed identity endpoint of Azure"

/** App Service and Functions name another endpoint, on the machine itself. */
const azureRequest = (
  query: Readonly<Record<string, string>>,
  endpoint: string | undefined,
  secret: string | undefined
): platform.Request | undefined => {
  if (endpoint === undefined || secret === undefined) {
    const search = new URLSearchParams({ "api-version": "2018-02-01", ...query })
    return { url: `${metadataHost}/metadata/identity/oauth2/token?${search}`, headers: { metadata: "true" } }
  }
  if (!URL.canParse(endpoint)) return undefined
  const url = new URL(endpoint)
  if (!isLoopback(url) && !/^169\.254(\.\d{1,3}){2}$/.test(url.hostname)) return undefined
  for (const [name, value] of Object.entries({ "api-version": "2019-08-01", ...query })) {
    url.searchParams.set(name, value)
  }
  return { url: url.href, headers: { "x-identity-header": secret } }
}

/**
 * Requests a token of the managed identity of an Azure resource (virtual machines, App Service, Functions).
 *
 * `resource` is the audience of the token: `api://AzureADTokenExchange` for a client assertion at Entra ID. `clientId`
 * selects a user-assigned identity. The request goes directly to the link-local address of the service, or to the address
 * of the machine in `IDENTITY_ENDPOINT`.
 *
 * @example
 * import { WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const identity = WorkloadIdentity.azureManagedIdentity({ resource: "api://AzureADTokenExchange" })
 *
 * @since 3.0.0
 * @category constructors
 */
export const azureManagedIdentity = (
  { clientId, resource }: { readonly resource: string; readonly clientId?: string | undefined } = noOptions
): Source =>
  given("the resource", resource, (resource) =>
    Effect.gen(function*() {
      const request = azureRequest(
        { resource, ...(clientId === undefined ? {} : { client_id: clientId }) },
        yield* variable("IDENTITY_ENDPOINT"),
        yield* variable("IDENTITY_HEADER")
      )
      if (request === undefined) return yield* unavailable("IDENTITY_ENDPOINT is not an address of this machine")
      const { body } = yield* platform.get(platform.direct, azure, request)
      return yield* member(azure, body, "access_token")
    }))
