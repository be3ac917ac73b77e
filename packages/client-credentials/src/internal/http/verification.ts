/**
 * On Node, this variable switches certificate verification off for the whole process: then no token is safe. It is read
 * for each connection, so it may be set at any time.
 */
export const verifiesCertificates = (): boolean => {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
  return environment?.["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0"
}
