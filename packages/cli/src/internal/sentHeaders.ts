/**
 * The headers of a call as the HTTP clients send them: what they add, and in which order.
 */
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"

import type { Repeated } from "./headerText.js"

export interface Options {
  readonly scheme: "Bearer" | "DPoP"
  /** The client that sends the call: see `network.ts`. */
  readonly client: "node" | "undici"
  /** The Host header of the user. */
  readonly host: string | undefined
  /** The lines of headers that the user gives more than once. */
  readonly repeated: Repeated
}

/** Methods without a body that are sent without `Content-Length: 0`. */
const withoutLength = {
  node: new Set(["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT"]),
  undici: {
    has: (method: string): boolean => !["POST", "PUT", "PATCH", "QUERY", "PROPFIND", "PROPPATCH"].includes(method)
  }
} as const

/** Returns the headers, with the scheme of the authorization and without the credentials. */
export const of = (
  { body, headers, method, url }: HttpClientRequest,
  { client, host = new URL(url).host, repeated, scheme }: Options
): ReadonlyArray<readonly [name: string, value: string]> => {
  const isEmpty = body._tag === "Empty"
  const length: ReadonlyArray<readonly [string, string]> = isEmpty
    ? withoutLength[client].has(method) ? [] : [["content-length", "0"]]
    : [["content-length", String(body._tag === "Uint8Array" ? body.contentLength : headers["content-length"])]]
  const own = Object.entries(headers).flatMap(([name, value]) =>
    name === "host" || (name === "content-length" && (isEmpty || client === "undici"))
      ? []
      : (repeated.get(name) ?? [value ?? ""]).map((line) => [name, line] as const)
  )
  const proof: ReadonlyArray<readonly [string, string]> = [
    ["authorization", `${scheme} `],
    ...(scheme === "DPoP" ? [["dpop", ""] as const] : [])
  ]
  return client === "undici"
    ? [["host", host], ["connection", "keep-alive"], ...own, ...proof, ...length]
    : [...own, ...proof, ["host", host], ["connection", "close"], ...(isEmpty ? length : [])]
}
