/**
 * Preconditions for sending a request with a credential. Transports differ in what they accept, and some throw where others
 * fail.
 */

/**
 * Returns whether certificates are verified. On Node, this variable disables verification for the whole process, so that no
 * token is safe. It is read for each connection, so it may be set at any time.
 */
export const verifiesCertificates = (): boolean => {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
  return environment?.["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0"
}

// RFC 9110 sections 5.1 and 5.5.
const name = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const value = /^[\t\x20-\x7e\x80-\xff]*$/

type Fields = Readonly<Record<string, string>>

/**
 * Returns the problem of the first header that cannot be sent: a line break in it could start another header. Fields in
 * `valid` are not checked again.
 */
export const headerProblem = (headers: Fields, valid: Fields = {}): string | undefined => {
  for (const key of Object.keys(headers)) {
    const text = headers[key] ?? ""
    if (valid[key] === text) continue
    if (!name.test(key)) return "a header has an invalid name (RFC 9110 section 5.1)"
    if (!value.test(text)) {
      return `the header ${key.slice(0, 60)} has a value with an invalid character (RFC 9110 section 5.5)`
    }
  }
  return undefined
}
