/**
 * Detects redirects that an `HttpClient` beneath follows.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"

import { isRedirection } from "../protocol/status.js"
import * as transport from "../seam/transport.js"

/**
 * Returns whether a request goes to the target of a redirect. Such a request belongs to the previous one even if the client has
 * removed its identifying parts: body and authorization.
 */
export const leadsTo = (
  result: transport.Result | undefined,
  next: HttpClientRequest.HttpClientRequest
): boolean => {
  const response = transport.responseOf(result)
  const location = response?.headers["location"]
  if (response === undefined || location === undefined || !isRedirection(response.status)) return false
  const base = transport.urlOf(response.request)?.href
  return URL.canParse(location, base) && new URL(location, base).href === transport.urlOf(next)?.href
}
