/**
 * What a refusal of the token or the revocation endpoint means (RFC 6749 section 5.2).
 */

/** An error response: its status, and its code as the server sent it. */
export interface Refusal {
  readonly status: number
  readonly error: string
}

/** These are about the proof of possession (RFC 9449 sections 5 and 8), with whatever status they come. */
const ofProofs: ReadonlySet<string> = new Set(["use_dpop_nonce", "invalid_dpop_proof"])

/**
 * Returns whether the server did not accept the credential of the client: by the code `invalid_client`, or by status 401,
 * which section 5.2 reserves for that. Widespread servers send 401 with `access_denied`, `unauthorized_client` or
 * `unauthorized`; with another status these codes are about the rights of the client.
 */
export const isFailedAuthentication = ({ error, status }: Refusal): boolean => {
  const code = error.toLowerCase()
  return code === "invalid_client" || (status === 401 && !ofProofs.has(code))
}
