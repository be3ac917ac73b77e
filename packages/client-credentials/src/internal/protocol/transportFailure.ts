/**
 * Determines why a connection failed, from the codes of Node, Undici and others in the chain of causes.
 */

import { codesOf, isCertificateCode, nameOf } from "./foreignError.js"

/** Returns the reason. `detail` is a code or a name that may be shown, or `no code` if there is neither. */
export const reason = (cause: unknown): { readonly reason: "certificate" | "connection"; readonly detail: string } => {
  const found = codesOf(cause)
  const certificate = found.find(isCertificateCode)
  return certificate === undefined
    ? { reason: "connection", detail: found[0] ?? nameOf(cause) ?? "no code" }
    : { reason: "certificate", detail: certificate }
}

/**
 * Returns whether the connection was closed, where a request was sent and no response had begun: ECONNRESET of node:http
 * and Bun, UND_ERR_SOCKET ("other side closed") of Undici and fetch, EPIPE when the request could not be written any more.
 */
export const isClosed = (cause: unknown): boolean =>
  codesOf(cause).some((code) => code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE")
