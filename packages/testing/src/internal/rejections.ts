/**
 * The responses with which APIs reject an invalid token, in one table.
 */
interface Answer {
  readonly status: number
  /** The parameters of the challenge, or a complete one; undefined for none. */
  readonly challenge?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
}

export interface Rejection extends Answer {
  /** The response to a call without a token. Default: that to an invalid one. */
  readonly missing?: Answer | undefined
}

const json = (body: unknown) => ({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) })

const signIn = "<!doctype html><title>Sign in</title><form method=\"post\" action=\"/login\"></form>"

/** `{scheme}` is the scheme of the token. */
const code = (error: string) => ({ status: 401, challenge: `{scheme} realm="test", error="${error}"` })

/** RFC 6750 section 3.1: a challenge without a code. */
const missing = { status: 401, challenge: "{scheme} realm=\"test\"" }

export const table = {
  /** RFC 6750 section 3.1. */
  bearer: { ...code("invalid_token"), missing },
  // JWT middleware of several frameworks, OpenStack services.
  "no-challenge": { status: 401, ...json({ message: "Unauthorized" }) },
  "other-scheme": { status: 401, challenge: "Keystone uri=\"https://auth.test\"" },
  // OneDrive, older PHP servers, many Flask, FastAPI, Express and Spring APIs.
  expired_token: { ...code("expired_token"), missing },
  token_expired: { ...code("token_expired"), missing },
  unauthorized: code("unauthorized"),
  invalid_request: code("invalid_request"),
  missing_authorization: code("missing_authorization"),
  "upper-case": { ...code("INVALID_TOKEN"), missing },
  "single-quotes": {
    status: 401,
    challenge: "{scheme} realm='test', error='invalid_token'",
    missing: { status: 401, challenge: "{scheme} realm='test'" }
  },
  "empty-error": { ...code(""), missing },
  // Django-based servers, some gateways.
  403: { status: 403, ...json({ detail: "Authentication credentials were not provided." }) },
  "403-invalid_token": {
    status: 403,
    challenge: "{scheme} realm=\"test\", error=\"invalid_token\"",
    missing: { ...missing, status: 403 }
  },
  // Single vendors. The responses to a missing token are general knowledge.
  400: { status: 400, ...json({ error: "invalid_token" }) },
  404: { status: 404, ...json({ message: "Not found" }) },
  419: {
    status: 419,
    ...json({ message: "Authentication timeout" }),
    missing: { status: 401, ...json({ message: "Unauthenticated." }) }
  },
  440: { status: 440, ...json({ message: "Login timeout" }) },
  498: {
    status: 498,
    ...json({ message: "Invalid token" }),
    missing: { status: 499, ...json({ message: "Token required" }) }
  },
  // GraphQL APIs.
  graphql: {
    status: 200,
    ...json({ data: null, errors: [{ message: "Unauthenticated", extensions: { code: "UNAUTHENTICATED" } }] })
  },
  // Web frameworks that mistake the API for a browser.
  redirect: { status: 302, headers: { location: "/login" } },
  "sign-in-page": { status: 200, headers: { "content-type": "text/html" }, body: signIn }
} as const satisfies Readonly<Record<string, Rejection>>

export type Name = keyof typeof table

/** Returns the response that rejects a token of a scheme, or a call without one. */
export const responseOf = (
  { body, challenge, headers = {}, status }: Answer,
  scheme: string,
  more: Readonly<Record<string, string>>
): Response =>
  new Response(body ?? "", {
    status,
    headers: {
      ...(challenge === undefined ? {} : { "www-authenticate": challenge.replace("{scheme}", scheme) }),
      ...headers,
      ...more
    }
  })
