/**
 * Redirects that an `HttpClient` beneath follows by itself.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"

import * as transport from "../seam/transport.js"

/**
 * Returns whether a request goes where a response redirects to. Such a request is a part of the one before also when the
 * client has removed everything by which it is known: the body, the authorization.
 */
export const leadsTo = (
  result: transport.Result | undefined,
  next: HttpClientRequest.HttpClientRequest
): boolean => {
  const response = transport.responseOf(result)
  const location = response?.headers["location"]
  if (response === undefined || location === undefined || !isRedirect(response.status)) return false
  const base = transport.urlOf(response.request)?.href
  return URL.canParse(location, base) && new URL(location, base).href === transport.urlOf(next)?.href
}

export const isRedirect = (status: number): boolean => status >= 300 && status < 400
