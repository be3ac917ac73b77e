/**
 * The code of a system's error, such as `ENOENT`, which is all that is shown of it.
 */
export const of = (error: unknown): string => {
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { readonly code?: unknown }
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "no code"
}
