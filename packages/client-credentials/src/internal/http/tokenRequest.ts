/**
 * The access token request of RFC 6749 section 4.4.2, as a pure function of what is asked for and the proof.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"

import type { Proof } from "../../ClientAuthentication.js"
import type { TokenRequest } from "../../TokenRequest.js"

type Pairs = ReadonlyArray<readonly [string, string]>

/** Everything secret in a proof. The scheme of an `Authorization` header is none, nor are ids and types. */
export const secrets = ({ headers = {}, parameters = {}, redact = [] }: Proof): ReadonlyArray<string> => [
  ...Object.values(headers).map((value) => value.replace(/^[A-Za-z-]+ +/, "")),
  ...Object.entries(parameters).filter(([name]) => !["client_id", "client_assertion_type"].includes(name)).map(
    ([, value]) => value
  ),
  ...redact
]

const resources = ({ resource }: TokenRequest): ReadonlyArray<string> => resource === "" ? [] : resource.split(" ")

/** The parameters in the order in which the standard lists them; those without value are left out (section 3.2). */
const parameters = (request: TokenRequest): Pairs => [
  ["grant_type", "client_credentials"],
  ...(request.audience === undefined ? [] : [["audience", request.audience] as const]),
  ...(request.scope === "" ? [] : [["scope", request.scope] as const]),
  ...resources(request).map((uri) => ["resource", uri] as const),
  ...(request.authorizationDetails === "" ? [] : [["authorization_details", request.authorizationDetails] as const]),
  ...[...new URLSearchParams(request.parameters)]
]

/** As JSON: several resources are a list, and authorization details are what they are. */
const json = (pairs: Pairs, request: TokenRequest): string =>
  JSON.stringify({
    ...Object.fromEntries(pairs),
    ...(resources(request).length > 1 ? { resource: resources(request) } : {}),
    ...(request.authorizationDetails === "" ? {} : { authorization_details: JSON.parse(request.authorizationDetails) })
  })

/** A body that shows its size only, wherever a request is printed: the platform's own prints JSON in clear. */
const concealed = (text: string, contentType: string): HttpBody.HttpBody => {
  const bytes = new TextEncoder().encode(text)
  return Object.assign(HttpBody.uint8Array(bytes, contentType), {
    toJSON: () => ({ _id: "@effect/platform/HttpBody", _tag: "Uint8Array", body: `<redacted ${bytes.length} bytes>` })
  })
}

const form = (pairs: Pairs): string => new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()

const post = (url: string, body: HttpBody.HttpBody, proof: Proof): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(url).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(proof.headers ?? {})
  )

export const encode = (url: string, request: TokenRequest, proof: Proof): HttpClientRequest.HttpClientRequest => {
  const pairs = [...parameters(request), ...Object.entries(proof.parameters ?? {})]
  return post(
    url,
    request.requestFormat === "json"
      ? concealed(json(pairs, request), "application/json")
      : concealed(form(pairs), "application/x-www-form-urlencoded"),
    proof
  )
}

/** The revocation request of RFC 7009 section 2.1, which is a form whatever token requests are. */
export const encodeRevocation = (url: string, token: string, proof: Proof): HttpClientRequest.HttpClientRequest =>
  post(
    url,
    concealed(
      form([["token", token], ["token_type_hint", "access_token"], ...Object.entries(proof.parameters ?? {})]),
      "application/x-www-form-urlencoded"
    ),
    proof
  )
