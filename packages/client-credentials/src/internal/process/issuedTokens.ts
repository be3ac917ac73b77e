/**
 * Records the tokens that were issued to this process: one record for the whole process, so that independent clients for the
 * same token request are detected.
 */
import * as Equal from "effect/Equal"

import type { AccessToken } from "../../AccessToken.js"
import type { TokenRequest } from "../../TokenRequest.js"
import * as duplicates from "../token/duplicates.js"

const issued = duplicates.make<AccessToken>((one, other) => Equal.equals(one.value, other.value))

/** Returns the key of a request without its proof key: each client has one, which does not distinguish requests. */
const keyOf = (request: TokenRequest): string =>
  JSON.stringify(Object.entries(request).filter(([name]) => name !== "dpopThumbprint").sort())

/** Records a token as `duplicates` does. */
export const note = (
  clock: object,
  { request, ...issue }: Omit<duplicates.Issue<AccessToken>, "key"> & { readonly request: TokenRequest }
): number | undefined => issued.note(clock, { ...issue, key: keyOf(request) })

export const { forget, size } = issued
