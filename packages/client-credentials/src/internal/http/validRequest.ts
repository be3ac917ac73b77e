/**
 * What makes a request fit to be sent with credentials in it. Transports differ in what they let through, and some of
 * them throw where others fail.
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Either from "effect/Either"
import * as Option from "effect/Option"

import { verifiesCertificates } from "./verification.js"

// RFC 9110 sections 5.1 and 5.5.
const name = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const value = /^[\t\x20-\x7e\x80-\xff]*$/

type Fields = Readonly<Record<string, string>>

/**
 * What is wrong with the first header that cannot be sent: a line break in it could begin another one. Those that are
 * among the `known` were looked through before.
 */
export const headerProblem = (headers: Fields, ...known: ReadonlyArray<Fields>): string | undefined => {
  for (const key of Object.keys(headers)) {
    const text = headers[key] ?? ""
    if (known.some((fields) => fields[key] === text)) continue
    if (!name.test(key)) return "a header has a name that no header can have (RFC 9110 section 5.1)"
    if (!value.test(text)) {
      return `the header ${key.slice(0, 60)} has a character in it that no header can have (RFC 9110 section 5.5)`
    }
  }
  return undefined
}

/**
 * Where the request goes and where it ends is said by its URL and its body, not by headers: one that was copied from
 * another request would send the token elsewhere behind a shared front, or make a second request of the rest of a body.
 */
const framed = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const length = "contentLength" in request.body ? request.body.contentLength : undefined
  const { "content-length": given, host, "transfer-encoding": coding } = request.headers
  if (host === undefined && coding === undefined && (given === undefined || given === String(length))) return request
  const { body, hash, headers, method, url, urlParams } = request
  const located = HttpClientRequest.setUrlParams(HttpClientRequest.make(method)(url), urlParams)
  return (Option.isSome(hash) ? HttpClientRequest.setHash(located, hash.value) : located).pipe(
    HttpClientRequest.setBody(body),
    HttpClientRequest.setHeaders(Headers.remove(headers, ["content-length", "host", "transfer-encoding"]))
  )
}

const invalid = (
  request: HttpClientRequest.HttpClientRequest,
  reason: HttpClientError.RequestError["reason"],
  problem: string
): HttpClientError.RequestError =>
  new HttpClientError.RequestError({ request, reason, description: `${problem}. Nothing was sent` })

/** Why the headers cannot be sent that a request has and those `known` have not. */
export const unsendable = (
  request: HttpClientRequest.HttpClientRequest,
  ...known: ReadonlyArray<Fields>
): HttpClientError.RequestError | undefined => {
  const problem = headerProblem(request.headers, ...known)
  return problem === undefined ? undefined : invalid(request, "Encode", problem)
}

/** The request as it is sent to that URL, which is taken literally: nothing else may read it in another way. */
export const to = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL
): Either.Either<HttpClientRequest.HttpClientRequest, HttpClientError.RequestError> => {
  if (url.protocol === "https:" && !verifiesCertificates()) {
    return Either.left(invalid(
      request,
      "Transport",
      "with NODE_TLS_REJECT_UNAUTHORIZED=0, Node verifies no certificate: unset it, and trust a private authority with " +
        "NODE_EXTRA_CA_CERTS instead"
    ))
  }
  if (url.username !== "" || url.password !== "") {
    const bare = new URL(url)
    bare.username = bare.password = ""
    return Either.left(invalid(
      HttpClientRequest.setUrl(request, bare.href),
      "InvalidUrl",
      "the URL has a user name or a password in it, where calls are authorized by a token: leave them out"
    ))
  }
  const problem = unsendable(request)
  return problem === undefined
    ? Either.right(HttpClientRequest.setUrl(framed(request), url.href))
    : Either.left(problem)
}
