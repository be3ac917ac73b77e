/**
 * What the transport received, beneath the platform's response.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"

/** What the transport received: the platform keeps it in a member that its types do not show. */
export const sourceOf = (response: HttpClientResponse.HttpClientResponse): unknown => {
  let found: unknown = response
  for (let depth = 0; depth < 5 && typeof found === "object" && found !== null; depth += 1) {
    if ("source" in found) return found.source
    if (!("original" in found)) return undefined
    found = found.original
  }
  return undefined
}

/** What `fetch` shows of a response, and the platform's response does not. */
export interface Facts {
  /** The URL that the transport was redirected to, where it followed redirects itself. */
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
