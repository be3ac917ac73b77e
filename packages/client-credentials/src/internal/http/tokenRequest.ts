/**
 * Encodes the access token request (RFC 6749 section 4.4.2) and the revocation request (RFC 7009 section 2.1), as pure
 * functions of the parameters and the proof.
 */
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Effect from "effect/Effect"

import type { TokenRequest } from "../../TokenRequest.js"

/** Client authentication of one request. */
export interface ClientProof {
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Strings that a server might repeat and that must not be shown, in addition to the values above. */
  readonly redact?: ReadonlyArray<string> | undefined
  /** Token that the grant presents, to detect whether it was replaced since. */
  readonly presented?:
    | {
      readonly value: string
      readonly expiresAt: number | undefined
      /** True if it was created for this request, so that a new one would be rejected as well. */
      readonly isMadeHere: boolean
      /** True without client authentication: then a rejection of the client is a rejection of this token. */
      readonly isAlone: boolean
      readonly hint: string
      /** Reports that the server rejected it, before it is read again. */
      readonly invalidate: Effect.Effect<void>
      /** Reports that the server accepted it in place of one that it had rejected. */
      readonly confirm: Effect.Effect<void>
    }
    | undefined
  /** Advice for a server that rejects the proof. */
  readonly hint?: string | undefined
}

type Pairs = ReadonlyArray<readonly [string, string]>

/** Returns all secrets in a proof. The scheme of an `Authorization` header is not secret, nor are ids and types. */
export const secrets = ({ headers = {}, parameters = {}, redact = [] }: ClientProof): ReadonlyArray<string> => [
  ...Object.values(headers).map((value) => value.replace(/^[A-Za-z-]+ +/, "")),
  ...Object.entries(parameters).filter(([name]) => !["client_id", "client_assertion_type"].includes(name)).map(
    ([, value]) => value
  ),
  ...redact
]

const resources = ({ resource }: TokenRequest): ReadonlyArray<string> => resource === "" ? [] : resource.split(" ")

/** Returns the parameters in the order of the standard, without empty ones (section 3.2). */
const parameters = (request: TokenRequest): Pairs => [
  ...new URLSearchParams(request.grant),
  ...(request.audience === undefined ? [] : [["audience", request.audience] as const]),
  ...(request.scope === "" ? [] : [["scope", request.scope] as const]),
  ...resources(request).map((uri) => ["resource", uri] as const),
  ...(request.authorizationDetails === "" ? [] : [["authorization_details", request.authorizationDetails] as const]),
  ...[...new URLSearchParams(request.parameters)]
]

/** Encodes the parameters as JSON: several resources are an array, and authorization details are JSON values. */
const json = (pairs: Pairs, request: TokenRequest): string =>
  JSON.stringify({
    ...Object.fromEntries(pairs),
    ...(resources(request).length > 1 ? { resource: resources(request) } : {}),
    ...(request.authorizationDetails === "" ? {} : { authorization_details: JSON.parse(request.authorizationDetails) })
  })

/** Returns a body that shows only its size when a request is printed: the body of the platform prints JSON in clear. */
const redacted = (text: string, contentType: string): HttpBody.HttpBody => {
  const bytes = new TextEncoder().encode(text)
  return Object.assign(HttpBody.uint8Array(bytes, contentType), {
    toJSON: () => ({ _id: "@effect/platform/HttpBody", _tag: "Uint8Array", body: `<redacted ${bytes.length} bytes>` })
  })
}

const form = (pairs: Pairs): string => new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()

const post = (url: string, body: HttpBody.HttpBody, proof: ClientProof): HttpClientRequest.HttpClientRequest =>
  HttpClientRequest.post(url).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(proof.headers ?? {})
  )

/** Creates a request whose body is a form. */
export const postForm = (
  url: string,
  pairs: ReadonlyArray<readonly [string, string]>,
  proof: ClientProof
): HttpClientRequest.HttpClientRequest => post(url, redacted(form(pairs), "application/x-www-form-urlencoded"), proof)

export const encode = (url: string, request: TokenRequest, proof: ClientProof): HttpClientRequest.HttpClientRequest => {
  const pairs = [...parameters(request), ...Object.entries(proof.parameters ?? {})]
  return request.requestFormat === "json"
    ? post(url, redacted(json(pairs, request), "application/json"), proof)
    : postForm(url, pairs, proof)
}
