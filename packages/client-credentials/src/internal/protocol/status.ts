/**
 * HTTP status codes that have the same meaning for all endpoints.
 */

/**
 * Returns whether a status is temporary (RFC 9110 sections 15.5.9 and 15.6, RFC 6585 section 4, RFC 8470 section 5.2): the
 * same request may succeed later.
 */
export const isTransient = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500

export const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** Returns whether a status is of the class of redirections, all of which some client follows (RFC 9110 section 15.4). */
export const isRedirection = (status: number): boolean => status >= 300 && status < 400
