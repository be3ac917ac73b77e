/**
 * Changes of settings: which variables are set, and which are removed.
 *
 * Only these variables can be changed by the command, so that it writes no secret.
 */
import { listed } from "../nearest.js"
import type { Values } from "../profileText.js"

export type Variable =
  | "API_BASE_URL"
  | "OAUTH_ALLOW_HTTP_LOOPBACK"
  | "OAUTH_ASSERTION_AUDIENCE"
  | "OAUTH_BASIC_ENCODING"
  | "OAUTH_CLIENT_AUTHENTICATION"
  | "OAUTH_DPOP"
  | "OAUTH_ISSUER"
  | "OAUTH_REQUEST_FORMAT"
  | "OAUTH_SIGNING_ALGORITHM"
  | "OAUTH_TLS_MIN_VERSION"
  | "OAUTH_TOKEN_TYPE"
  | "OAUTH_TOKEN_URL"

export interface Change {
  readonly set: Partial<Readonly<Record<Variable, string>>>
  readonly unset: ReadonlyArray<Variable>
}

export const set = (values: Change["set"], ...unset: ReadonlyArray<Variable>): Change => ({ set: values, unset })

export const unset = (...variables: ReadonlyArray<Variable>): Change => set({}, ...variables)

/** Returns the values with the change. */
export const applied = (change: Change, values: Values): Values =>
  Object.fromEntries(
    Object.entries({ ...values, ...change.set }).filter(([name]) => !change.unset.some((one) => one === name))
  )

/** Returns the values with the change; undefined when it changes none. */
export const apply = (change: Change, values: Values): Values | undefined => {
  const changed = applied(change, values)
  const names = new Set([...Object.keys(values), ...Object.keys(changed)])
  return [...names].some((name) => values[name] !== changed[name]) ? changed : undefined
}

/** Returns the change as a part of a sentence: "Set A=b, and remove C". */
export const inWords = (change: Change, values: Values): string => {
  const settings = Object.entries(change.set).map(([name, value]) => `${name}=${value}`)
  const removed = change.unset.filter((name) => values[name] !== undefined)
  const parts = [
    ...(settings.length === 0 ? [] : [`set ${listed(settings, "and")}`]),
    ...(removed.length === 0 ? [] : [`remove ${listed(removed, "and")}`])
  ].join(", and ")
  return parts.charAt(0).toUpperCase() + parts.slice(1)
}

/** Returns several changes as one; later ones prevail. */
export const merge = (changes: ReadonlyArray<Change>): Change => {
  const all = new Map<Variable, string | undefined>()
  for (const change of changes) {
    for (const name of change.unset) all.set(name, undefined)
    for (const [name, value] of Object.entries(change.set)) all.set(name as Variable, value)
  }
  return {
    set: Object.fromEntries([...all].filter(([, value]) => value !== undefined)),
    unset: [...all].flatMap(([name, value]) => value === undefined ? [name] : [])
  }
}
