/**
 * The access token request of RFC 6749 section 4.4.2, as a pure function of what is asked for and the secret.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Redacted from "effect/Redacted"

import type { TokenRequest } from "../TokenRequest.js"

const encoder = new TextEncoder()

export const base64 = (text: string): string => btoa(String.fromCharCode(...encoder.encode(text)))

/** RFC 6749 section 2.3.1: id and secret are form-encoded each (appendix B) before they are joined. */
const formEncode = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1)

export const basicCredentials = (clientId: string, clientSecret: Redacted.Redacted<string>): string =>
  base64(`${formEncode(clientId)}:${formEncode(Redacted.value(clientSecret))}`)

/** The secret in every spelling in which a request, and so an answer that echoes it, may hold it. */
export const secrets = ({ clientId }: TokenRequest, clientSecret: Redacted.Redacted<string>): ReadonlyArray<string> => {
  const secret = Redacted.value(clientSecret)
  return [
    basicCredentials(clientId, clientSecret),
    base64(`${clientId}:${secret}`),
    secret,
    formEncode(secret),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1)
  ]
}

const resources = ({ resource }: TokenRequest): ReadonlyArray<string> => resource === "" ? [] : resource.split(" ")

/** The parameters in the order in which the standard lists them; those without value are left out (section 3.2). */
const parameters = (
  request: TokenRequest,
  secret: Redacted.Redacted<string>
): ReadonlyArray<readonly [string, string]> => [
  ["grant_type", "client_credentials"],
  ...(request.audience === undefined ? [] : [["audience", request.audience] as const]),
  ...(request.scope === "" ? [] : [["scope", request.scope] as const]),
  ...resources(request).map((uri) => ["resource", uri] as const),
  ...(request.clientAuthentication === "client_secret_post"
    ? [
      ["client_id", request.clientId] as const,
      ["client_secret", Redacted.value(secret)] as const
    ]
    : [])
]

const json = (pairs: ReadonlyArray<readonly [string, string]>, resource: ReadonlyArray<string>): string =>
  JSON.stringify({
    ...Object.fromEntries(pairs),
    ...(resource.length > 1 ? { resource } : {})
  })

/** A body that shows its size only, wherever a request is printed: the platform's own prints JSON in clear. */
const concealed = (text: string, contentType: string): HttpBody.HttpBody => {
  const bytes = encoder.encode(text)
  return Object.assign(HttpBody.uint8Array(bytes, contentType), {
    toJSON: () => ({ _id: "@effect/platform/HttpBody", _tag: "Uint8Array", body: `<redacted ${bytes.length} bytes>` })
  })
}

export const encode = (
  request: TokenRequest,
  secret: Redacted.Redacted<string>
): HttpClientRequest.HttpClientRequest => {
  const pairs = parameters(request, secret)
  const body = request.requestFormat === "json"
    ? concealed(json(pairs, resources(request)), "application/json")
    : concealed(
      new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString(),
      "application/x-www-form-urlencoded"
    )
  const post = HttpClientRequest.post(request.tokenUrl).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.setBody(body)
  )
  return request.clientAuthentication === "client_secret_basic"
    ? HttpClientRequest.setHeader(post, "authorization", `Basic ${basicCredentials(request.clientId, secret)}`)
    : post
}
