/**
 * Reads what may be shown of a foreign error, whose content is unknown: a code, a tag or the name of its class.
 */

const fieldsOf = (error: unknown): Readonly<Record<string, unknown>> =>
  typeof error === "object" && error !== null ? error as Readonly<Record<string, unknown>> : {}

/** Returns the code of an error, such as `ECONNREFUSED`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = fieldsOf(error)
  // `UND_ERR` is the code of any error of Undici.
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) && code !== "UND_ERR" ? code : undefined
}

/** Returns the codes in a chain of causes, outermost first. Of several parallel errors, only the first one is read. */
export const codesOf = (error: unknown, depth = 6): ReadonlyArray<string> => {
  if (depth === 0) return []
  const { cause, errors } = fieldsOf(error)
  const own = codeOf(error)
  return [
    ...(own === undefined ? [] : [own]),
    ...codesOf(cause, depth - 1),
    ...(Array.isArray(errors) ? codesOf(errors[0], depth - 1) : [])
  ]
}

/** Returns whether a code states that a certificate is not trusted, as Node, Undici and Bun name the reasons. */
export const isCertificateCode = (code: string): boolean =>
  /^(CERT_|ERR_TLS_CERT|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|CRL_)/
    .test(code)

/** Returns the name of the innermost error: errors of HTTP parsers have names instead of codes. */
export const nameOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof Error
    ? nameOf(error.cause)
    : error instanceof Error && /^[A-Z][A-Za-z]{1,30}Error$/.test(error.name) && error.name !== "TypeError"
    ? error.name
    : undefined

/**
 * Returns the code, class or tag of a library's error, such as `AccessDeniedException`, anywhere in the chain of causes;
 * undefined if it has none that may be shown.
 */
export const kindOf = (error: unknown, depth = 6): string | undefined => {
  const { _tag, cause, name } = fieldsOf(error)
  const own = [codeOf(error), name, _tag].find((one) =>
    typeof one === "string" && /^[A-Z]\w{2,60}$/.test(one) && !/^(Type)?Error$|^Unknown(Exception|Error)$/.test(one)
  )
  return typeof own === "string" ? own : depth === 0 || cause === undefined ? undefined : kindOf(cause, depth - 1)
}

/**
 * Returns what is shown of the failure of a source: the reason of a platform error, such as `NotFound`, for each major of
 * Effect; or else what `kindOf` returns.
 */
export const tagOf = (error: unknown): string => {
  const { _tag, reason } = fieldsOf(error)
  const shown = _tag === "SystemError" ? reason : _tag === "PlatformError" ? fieldsOf(reason)["_tag"] : kindOf(error)
  return typeof shown === "string" && /^\w{1,61}$/.test(shown) ? shown : "its source failed"
}
