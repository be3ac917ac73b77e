/**
 * Pages on which users sign in. Gateways return them in place of the response of an API, often with 200.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

import * as content from "./content.js"
import * as contentType from "./contentType.js"

export const isHtml = (type: string | undefined, body: string): boolean =>
  /^\s*text\/html\b|^\s*application\/xhtml/i.test(type ?? "") || /^\s*(?:<!doctype html|<html[\s>])/i.test(body)

const place = String.raw`(?:log[-_]?in|sign[-_]?in|sso|auth(?:orize|entication)?|saml|account)`

const path = new RegExp(String.raw`(?:^|[/._-])${place}(?:[/._-]|$)`, "i")

/** Returns true if the path of a redirect is one at which users sign in, as far as its words show. */
export const isPath = (pathname: string): boolean => path.test(pathname)

/** A form for a password, a title, a SAML request, or a redirect by the page itself. */
const signs: ReadonlyArray<RegExp> = [
  /type=["']?password|name=["']?SAMLRequest/i,
  /<title>[^<]{0,80}(?:sign[ -]?in|log[ -]?in|single sign-on)|(?:sign|log) in to\b/i,
  new RegExp(
    String.raw`(?:http-equiv=["']?refresh\b|\blocation(?:\.\w+)?\s*[=(])[^<>]{0,300}?[/._-]${place}(?:[/._?"'-])`,
    "i"
  )
]

export const is = (type: string | undefined, body: string): boolean =>
  isHtml(type, body) && signs.some((sign) => sign.test(body))

/** The size of the beginning of a body that is examined, in bytes. */
const examined = 65_536

/** Returns the response, and the examination of that part of its body which was read. */
export const watch = (response: content.Received) => {
  const { headers, request, status } = response
  const parts: Array<Uint8Array> = []
  let size = 0
  const stream = Stream.tap(response.stream, (chunk) =>
    Effect.sync(() => {
      if (size < examined) parts.push(chunk)
      size += chunk.length
    }))
  const begin = { headers, request, status, stream: Stream.fromIterable(parts) }
  const isFound = content.decompressed(begin).pipe(
    // The compressed beginning may end early.
    Stream.catchAll(() => Stream.empty),
    Stream.runFold("", (text, chunk) => text + contentType.decode(chunk, headers["content-type"])),
    Effect.map((text) => is(headers["content-type"], text))
  )
  return { response: { headers, request, status, stream }, isFound }
}
