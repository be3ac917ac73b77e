/**
 * The reason for which a connection failed, from the codes that Node, Undici and others leave in the chain of causes.
 */

const certificateCode =
  /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|CRL_)/

const codes = (cause: unknown, depth: number): ReadonlyArray<string> => {
  if (depth === 0 || typeof cause !== "object" || cause === null) return []
  const { cause: inner, code, errors } = cause as { code?: unknown; cause?: unknown; errors?: unknown }
  return [
    // `UND_ERR` is the code of any error of Undici.
    ...(typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) && code !== "UND_ERR" ? [code] : []),
    ...codes(inner, depth - 1),
    ...(Array.isArray(errors) ? codes(errors[0], depth - 1) : [])
  ]
}

/** Errors of HTTP parsers may have names instead of codes. */
const name = (cause: unknown): string | undefined =>
  cause instanceof Error && cause.cause instanceof Error
    ? name(cause.cause)
    : cause instanceof Error && /^[A-Z][A-Za-z]{1,30}Error$/.test(cause.name) && cause.name !== "TypeError"
    ? cause.name
    : undefined

/** `detail` is a code or a name, which may be shown; `no code` where there is neither. */
export const reason = (cause: unknown): { readonly reason: "certificate" | "connection"; readonly detail: string } => {
  const found = codes(cause, 6)
  const certificate = found.find((code) => certificateCode.test(code))
  return certificate === undefined
    ? { reason: "connection", detail: found[0] ?? name(cause) ?? "no code" }
    : { reason: "certificate", detail: certificate }
}

/**
 * Returns whether the connection was closed, where a request was sent and no response had begun: ECONNRESET of node:http and Bun,
 * UND_ERR_SOCKET ("other side closed") of Undici and fetch, EPIPE when the request could not be written any more.
 */
export const isClosed = (cause: unknown): boolean =>
  codes(cause, 6).some((code) => code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE")
