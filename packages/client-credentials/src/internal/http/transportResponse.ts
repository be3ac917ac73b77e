/**
 * Reads the transport's response beneath the platform's response.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"

/** Returns the response of the transport, which the platform keeps in an untyped member. */
export const sourceOf = (response: HttpClientResponse.HttpClientResponse): unknown => {
  let found: unknown = response
  for (let depth = 0; depth < 5 && typeof found === "object" && found !== null; depth += 1) {
    if ("source" in found) return found.source
    if (!("original" in found)) return undefined
    found = found.original
  }
  return undefined
}

/** Facts that a response of `fetch` has, and the platform's response does not. */
export interface Facts {
  /** URL that the transport was redirected to, if it followed redirects itself. */
  readonly redirectedTo: string | undefined
  /** The reason phrase of HTTP/1.1; empty for other versions. */
  readonly statusText: string
}

const textOf = (value: object, name: string): string | undefined => {
  const text = name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined
  return typeof text === "string" && text !== "" ? text : undefined
}

export const factsOf = (response: HttpClientResponse.HttpClientResponse): Facts => {
  if ("facts" in response) return response.facts as Facts
  const source = sourceOf(response)
  if (typeof source !== "object" || source === null) return { redirectedTo: undefined, statusText: "" }
  return {
    redirectedTo: "redirected" in source && source.redirected === true ? textOf(source, "url") : undefined,
    statusText: textOf(source, "statusText") ?? textOf(source, "statusMessage") ?? ""
  }
}
