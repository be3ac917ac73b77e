/**
 * What may be shown of an error from elsewhere, which may hold anything: a code, a tag or the name of its class.
 */

const fieldsOf = (error: unknown): Readonly<Record<string, unknown>> =>
  typeof error === "object" && error !== null ? error as Readonly<Record<string, unknown>> : {}

/** The code of an error, such as `ECONNREFUSED`. */
export const codeOf = (error: unknown): string | undefined => {
  const { code } = fieldsOf(error)
  // `UND_ERR` is the code of any error of Undici.
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) && code !== "UND_ERR" ? code : undefined
}

/** The codes in a chain of causes, from the outermost on; of several errors, the first one counts. */
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

/** The name of the innermost error: errors of HTTP parsers have names instead of codes. */
export const nameOf = (error: unknown): string | undefined =>
  error instanceof Error && error.cause instanceof Error
    ? nameOf(error.cause)
    : error instanceof Error && /^[A-Z][A-Za-z]{1,30}Error$/.test(error.name) && error.name !== "TypeError"
    ? error.name
    : undefined

/**
 * The code, the class or the tag of an error of a library, such as `AccessDeniedException`, wherever it is in the chain of
 * causes; undefined when it has none that may be shown.
 */
export const kindOf = (error: unknown, depth = 6): string | undefined => {
  const { _tag, cause, name } = fieldsOf(error)
  const own = [codeOf(error), name, _tag].find((one) =>
    typeof one === "string" && /^[A-Z]\w{2,60}$/.test(one) && !/^(Type)?Error$|^Unknown(Exception|Error)$/.test(one)
  )
  return typeof own === "string" ? own : depth === 0 || cause === undefined ? undefined : kindOf(cause, depth - 1)
}

/** The tag of an error of an Effect; the reason of a platform's error, such as `NotFound`, as each major of Effect has it. */
export const tagOf = (error: unknown): string => {
  const { _tag, reason } = fieldsOf(error)
  const shown = _tag === "SystemError" ? reason : _tag === "PlatformError" ? fieldsOf(reason)["_tag"] : _tag
  return typeof shown === "string" && /^\w{1,60}$/.test(shown) ? shown : "its source failed"
}
